/** What the nodes of a shape give, set and read. */
import { createHash } from 'node:crypto'
import type { NodeContext } from 'flowcraft'
import type { MakeNode, Shape } from './shapes.ts'

export interface Variant {
  readonly id: VariantId
  readonly what: string
  /** Initial context of each run. */
  readonly input?: Readonly<Record<string, unknown>>
  readonly node: MakeNode
}

export const VARIANTS = ['tiny', '1kb', '5kb', 'ctx50', 'set3', 'keys10', 'keys30', 'reads10'] as const
type VariantId = (typeof VARIANTS)[number]

const KB = 1024
/** A record of fewer bytes has no room for its number and its digest. */
const READ_BYTES = 500
const READS = Array.from({ length: 10 }, (_, at) => `input${at}`)

const gives =
  (output: unknown): MakeNode =>
  () =>
  async () => ({ output })

const sets =
  (keysOf: (at: number) => readonly string[]): MakeNode =>
  (at) =>
  async ({ context }: NodeContext) => {
    for (const key of keysOf(at)) await context.set(key, at)
    return { output: 'ok' }
  }

const keysOf = (count: number) => (at: number) =>
  Array.from({ length: count }, (_, key) => `node ${at} key ${key}`)

const variants: Readonly<Record<VariantId, Omit<Variant, 'id'>>> = {
  tiny: { what: "outputs 'ok'", node: gives('ok') },
  '1kb': {
    what: 'outputs of 1 KB',
    node: (at) => async () => ({ output: recordsOf(KB, at) }),
  },
  '5kb': {
    what: 'outputs of 5 KB',
    node: (at) => async () => ({ output: recordsOf(5 * KB, at) }),
  },
  ctx50: {
    what: 'an initial context of 50 KB that nobody reads',
    input: { unread: recordsOf(50 * KB, 0) },
    node: gives('ok'),
  },
  set3: { what: 'each node sets the same three keys', node: sets(() => ['first', 'second', 'third']) },
  keys10: { what: 'each node sets 10 keys of its own', node: sets(keysOf(10)) },
  keys30: { what: 'each node sets 30 keys of its own', node: sets(keysOf(30)) },
  reads10: {
    what: 'each node reads 10 inputs of 500 bytes',
    input: Object.fromEntries(READS.map((key, at) => [key, recordsOf(READ_BYTES, at)])),
    node:
      () =>
      async ({ context }: NodeContext) => {
        for (const key of READS) await context.get(key)
        return { output: 'ok' }
      },
  },
}

/** @throws Error where the name is none of a variant */
export function variantOf(id: string): Variant {
  const found = VARIANTS.find((known) => known === id)
  if (!found) throw new Error(`no variant '${id}', only ${VARIANTS.join(', ')}`)
  return { id: found, ...variants[found] }
}

/** Keys without number are asked of small runs only: a run has room for thousands of names, not for hundreds of thousands. */
const KEYED_NODES_AT_MOST = 102

export function makesSense({ nodes }: Shape, { id }: Variant): boolean {
  return !['keys10', 'keys30', 'reads10'].includes(id) || nodes <= KEYED_NODES_AT_MOST
}

/** JSON of so many bytes or a little less, as records of a business look: a third of it is left when it is compressed. */
export function recordsOf(bytes: number, seed: number): readonly object[] {
  const records: object[] = []
  let room = bytes - '[]'.length
  for (let at = 0; room > 0; at++) {
    const digest = createHash('sha256').update(`${seed} ${at}`).digest('hex')
    const record = { id: digest.slice(0, 24), name: `customer ${digest.slice(24)}`, amount: at }
    const size = JSON.stringify(record).length + ','.length
    if (size > room) break
    records.push(record)
    room -= size
  }
  return records
}
