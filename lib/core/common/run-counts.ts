/**
 * What a run used, as the header of the run keeps it: numbers that are added up, under short names, since each commit
 * pays for the bytes. Pure. Prices come in where somebody looks (`prices.ts`).
 *
 *   $w write units   $r read units   $d requests to DynamoDB   $q hundredths of requests to SQS
 *   $p requests to S3 that write   $o that read   $e events on the bus   $i hundredths of Lambda invocations
 *   $m milliseconds of work   $b milliseconds of work times megabytes of memory   $.<name> nano-dollars that user code added
 */
export type CountName = '$w' | '$r' | '$d' | '$q' | '$p' | '$o' | '$e' | '$i' | '$m' | '$b' | `$.${string}`

/** What is not there is 0. */
export type Counts = Readonly<Partial<Record<CountName, number>>>

export const NO_COUNTS: Counts = Object.freeze({})

export function entriesOf(counts: Counts): [CountName, number][] {
  return Object.entries(counts) as [CountName, number][]
}

export function plus(...all: readonly (Counts | undefined)[]): Counts {
  const sum: Partial<Record<CountName, number>> = {}
  for (const counts of all) {
    for (const [name, count] of entriesOf(counts ?? NO_COUNTS)) sum[name] = (sum[name] ?? 0) + count
  }
  const rounded = entriesOf(sum).map(([name, count]) => [name, exact(count)] as const)
  return Object.fromEntries(rounded.filter(([, count]) => count !== 0))
}

/** Parts of a unit are hundredths: sums of fractions would have more digits, and bytes, than they say. */
function exact(count: number): number {
  return Number.isInteger(count) ? count : Math.round(count * 100) / 100
}

export function minus(counts: Counts, less: Counts | undefined): Counts {
  return plus(counts, Object.fromEntries(entriesOf(less ?? NO_COUNTS).map(([name, count]) => [name, -count])))
}

export function isNothing(counts: Counts | undefined): boolean {
  return counts === undefined || Object.keys(counts).length === 0
}

/** What an item has of counts, among other attributes. */
export function countsIn(item: Readonly<Record<string, unknown>>): Counts | undefined {
  const found = Object.entries(item).filter(([name]) => name.startsWith('$'))
  if (found.length === 0) return undefined
  return plus(Object.fromEntries(found.map(([name, count]) => [name, Number(count)])))
}

/** Of an item, in bytes: numbers are half a byte a digit, and one more. */
export function sizeOfCounts(counts: Counts | undefined): number {
  return entriesOf(counts ?? NO_COUNTS).reduce((sum, [name, count]) => {
    return sum + Buffer.byteLength(name) + Math.ceil(String(Math.abs(count)).length / 2) + 2
  }, 0)
}
