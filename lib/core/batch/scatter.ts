/** Writes the items of a batch before the commit that makes their activation wait, and reads them. */
import pMap from 'p-map'
import type { ItemsRequest } from '../blueprints/batch-nodes.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { type Batch, itemKeys, perPage } from '../protocol/batch.ts'
import type { ActivationKey } from '../protocol/run-state.ts'

/** The run whose batch it is. */
type PagesOf = Pick<OpenRun<Pick<Services, 'values'>>, 'services' | 'run'>

/** Pages written at a time. */
const CONCURRENCY = 20

/**
 * Crash before or during: pages under this attempt's label, which no commit will name. Crash after: the same, until
 * the commit.
 */
export async function scatter(
  { services: { values }, run }: PagesOf,
  key: ActivationKey,
  label: string,
  request: ItemsRequest,
): Promise<Batch> {
  const { kind, uses, items, chunk, perMessage = 1, action, firstRound, before } = request
  const texts = items.map((item, index) =>
    item === undefined ? '' : values.encode(item, `item ${index} of batch '${key}'`),
  )
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const batch: Batch = {
    key,
    kind,
    uses,
    total: items.length,
    chunk,
    perPage: perPage(items.length, bytes),
    // Runs of other formats may be worked on by older versions too, which know of one item a message only.
    ...(perMessage > 1 && run.format === undefined ? { perMessage } : {}),
    label,
    action,
    firstRound,
    before,
  }
  const pages = Math.ceil(texts.length / batch.perPage)
  const write = async (page: number) => {
    const text = JSON.stringify(texts.slice(page * batch.perPage, (page + 1) * batch.perPage))
    await values.writeNamed(run.runId, itemKeys.page(key, batch, page), text)
  }
  await pMap(Array(pages).keys(), write, { concurrency: CONCURRENCY })
  return batch
}

/** Reads items, each page of them once. */
export function itemReader(
  { services: { values }, run: { runId } }: PagesOf,
  key: ActivationKey,
  batch: Batch,
): (item: number) => Promise<unknown> {
  const pages = new Map<number, Promise<string[]>>()
  const readPage = async (page: number) =>
    JSON.parse(await values.readNamed(runId, itemKeys.page(key, batch, page))) as string[]
  return async (item) => {
    const page = Math.floor(item / batch.perPage)
    const texts = pages.get(page) ?? readPage(page)
    pages.set(page, texts)
    const text = (await texts)[item % batch.perPage]
    return text ? values.decode(text) : undefined
  }
}
