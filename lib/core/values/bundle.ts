/**
 * Many context keys that one activation sets, or the input of a run, as one inline value. Of a run that was forked, the
 * bundle of its input has all that it began with, whatever its name. Each of them as an inline value of its own
 * would fill the header, and cost a write unit when it is moved to its page. A bundle's keys lie in buckets by the hash
 * of their name, values like others: immutable, and named by the attempt that wrote them. So what a dead attempt wrote is
 * never seen, and whoever looks for one key reads one bucket.
 *
 * Which of several places holds the newest value of a key: the header's own inline value, if there is one. Else the newest of
 * the bundles that have it, unless the key's page has a value that was in the header after that bundle was committed. So
 * a bundle remembers the `seq` that its commit made, as a page remembers the `seq` of the header that a value was moved
 * from; and the commit takes inline values of the bundle's keys out of the header, on condition that nothing was committed since
 * it was seen.
 */
import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { BUNDLE_BUCKET_BYTES } from '../common/size-limits.ts'
import { formatInlineValue, isBundle, names, parseInlineValue } from '../protocol/inline-value.ts'
import type { ActivationKey } from '../protocol/run-state.ts'
import type { ValueStore } from './value-store.ts'

export interface Bundle {
  /** The inline value's name. */
  readonly name: string
  readonly writer: ActivationKey | ''
  /** The `seq` of the header that the bundle's commit made. */
  readonly seq: number
  readonly buckets: number
  /** Names its buckets behind the writer. */
  readonly base: string
}

/** Buckets written or read at a time. */
const CONCURRENCY = 25

type Texts = ReadonlyMap<string, string>

/** The bundles of a header, the newest first. */
export function bundlesIn(inlineValues: Texts): Bundle[] {
  const bundles = [...inlineValues].flatMap(([name, text]) =>
    isBundle(name) ? [parseBundle(name, text)] : [],
  )
  return bundles.toSorted((a, b) => b.seq - a.seq)
}

function parseBundle(name: string, text: string): Bundle {
  const { writer, body } = parseInlineValue(text)
  const [seq, buckets, base] = body.split(' ') as [string, string, string]
  return { name, writer, seq: Number(seq), buckets: Number(buckets), base }
}

function formatBundle({ writer, seq, buckets, base }: Bundle): string {
  return formatInlineValue({ writer, kind: '&', body: `${seq} ${buckets} ${base}` })
}

/** The inline values of a commit that makes the header's `seq` this. */
export function stamped(inlineValues: Texts, seq: number): Texts {
  const now = new Map(inlineValues)
  for (const bundle of bundlesIn(inlineValues)) now.set(bundle.name, formatBundle({ ...bundle, seq }))
  return now
}

/**
 * Writes the buckets, and gives the inline value that a commit puts into the header.
 * Crash before, during or after: buckets under this attempt, which no commit will name.
 */
export async function writeBundle(
  values: ValueStore,
  runId: string,
  { writer, base }: Pick<Bundle, 'writer' | 'base'>,
  entries: Texts,
): Promise<[name: string, text: string]> {
  let bytes = 0
  for (const [name, text] of entries) bytes += Buffer.byteLength(name) + Buffer.byteLength(text)
  const bundle = {
    name: names.bundle(writer),
    writer,
    seq: 0,
    buckets: Math.ceil(bytes / BUNDLE_BUCKET_BYTES),
    base,
  }
  const buckets = Array.from({ length: bundle.buckets }, (): [string, string][] => [])
  for (const [name, text] of entries) buckets[bucketOf(bundle, name)]?.push([name, text])
  await eachBucket(bundle, (at) =>
    values.writeNamed(runId, keyOf(bundle, at), JSON.stringify(buckets[at] ?? [])),
  )
  return [bundle.name, formatBundle(bundle)]
}

/** The bucket that holds a name, if the bundle does. */
export async function readBucket(
  values: ValueStore,
  runId: string,
  bundle: Bundle,
  bucket: number,
): Promise<Texts> {
  const text = await values.readNamed(runId, keyOf(bundle, bucket))
  return new Map(JSON.parse(text) as [string, string][])
}

export async function readBundle(values: ValueStore, runId: string, bundle: Bundle): Promise<Texts> {
  const entries = new Map<string, string>()
  await eachBucket(bundle, async (at) => {
    for (const [name, text] of await readBucket(values, runId, bundle, at)) entries.set(name, text)
  })
  return entries
}

export function bucketOf({ buckets }: Bundle, name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() % buckets
}

function keyOf({ writer, base }: Bundle, bucket: number): string {
  return `${writer}#${base}.${bucket}`
}

async function eachBucket({ buckets }: Bundle, run: (bucket: number) => Promise<void>): Promise<void> {
  await pMap(Array(buckets).keys(), run, { concurrency: CONCURRENCY })
}

/** The newest of each name: what lies in pages, under what the bundles say. */
export function newestOf(
  pages: ReadonlyMap<string, { readonly text: string; readonly seq: number }>,
  bundles: readonly (readonly [Bundle, Texts])[],
): Map<string, string> {
  const texts = new Map([...pages].map(([name, { text }]) => [name, text]))
  for (const [{ seq }, entries] of bundles.toSorted(([a], [b]) => a.seq - b.seq)) {
    for (const [name, text] of entries) {
      const moved = pages.get(name)
      if (!moved || moved.seq < seq) texts.set(name, text)
    }
  }
  return texts
}
