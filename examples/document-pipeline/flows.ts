/**
 * A document that was uploaded: it is read, its pages are worked on side by side, and what came out is written beside it.
 *
 *     read ──▶ count_scatter ──▶ count_gather ──▶ summarise
 *              (a message for each page)
 *
 * The pages may be megabytes. A value that does not fit into the run's item is kept in S3, and nodes do not notice.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { defineFlows, NonRetryableError } from 'flowcraft-aws'
import type { Documents } from './documents.js'

/** What a run starts from: what the event of S3 says. */
export interface Upload {
  bucket: string
  key: string
}
export interface Context extends Upload {
  pages: string[]
  counts: PageCount[]
}
interface PageCount {
  words: number
  longest: string
}
/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  documents: Documents
}
/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>

const LINES_OF_A_PAGE = 40

async function read({ input, context, dependencies }: Call<Upload>) {
  const lines = (await dependencies.documents.read(input!)).trim().split('\n')
  if (lines.join('') === '') throw new NonRetryableError(`${input!.key} is empty`)
  const pages = Array.from({ length: Math.ceil(lines.length / LINES_OF_A_PAGE) }, (_, page) =>
    lines.slice(page * LINES_OF_A_PAGE, (page + 1) * LINES_OF_A_PAGE).join('\n'),
  )
  await context.set('pages', pages)
  return { output: { pages: pages.length } }
}

/** Called for each page, on many workers at a time. Your OCR or your model is called here. */
async function count({ input: page = '' }: Call<string>) {
  const words = page.match(/\p{L}+/gu) ?? []
  const longest = words.reduce((a, b) => (b.length > a.length ? b : a), '')
  return { output: { words: words.length, longest } satisfies PageCount }
}

/** Written twice, it is the same object. */
async function summarise({
  input,
  dependencies,
}: Call<{ bucket: string; key: string; counts: PageCount[] }>) {
  const { bucket, key, counts } = input!
  const summary = {
    pages: counts.length,
    words: counts.reduce((sum, { words }) => sum + words, 0),
    longest: counts.map(({ longest }) => longest).reduce((a, b) => (b.length > a.length ? b : a), ''),
  }
  const result = { bucket, key: `results/${key.replace(/^uploads\//, '')}.json` }
  await dependencies.documents.write(result, JSON.stringify(summary))
  return { output: { ...summary, result: result.key } }
}

export const document = createFlow<Context, Services>('document')
  .node('read', read, {
    inputs: { bucket: 'bucket', key: 'key' },
    config: { retry: { maxAttempts: 4, delay: '2s' } },
  })
  .batch('count', count, { inputKey: 'pages', outputKey: 'counts' })
  .node('summarise', summarise, {
    inputs: { bucket: 'bucket', key: 'key', counts: 'counts' },
    config: { retry: { maxAttempts: 4, delay: '2s' } },
  })
  .edge('read', 'count_scatter')
  .edge('count_gather', 'summarise')

export const flows = defineFlows({ document })

/** For callers, which then know ids and inputs: `new RunClient<Flows>()`. */
export type Flows = typeof flows
