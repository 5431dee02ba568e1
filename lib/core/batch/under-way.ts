/** A batch whose items are worked on, as its run keeps it. */
import { FlowcraftAwsError } from '../common/errors.ts'
import { type OpenRun, readerOf } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { type Batch, type Round, roundOf } from '../protocol/batch.ts'
import { names } from '../protocol/inline-value.ts'
import { type ActivationKey, parseActivationKey } from '../protocol/run-state.ts'

/** A batch under way. */
export interface BatchUnderWay extends OpenRun {
  readonly key: ActivationKey
  readonly batch: Batch
  readonly round: Round
}

export async function batchUnderWay(
  open: OpenRun,
  key: ActivationKey,
  round: number,
): Promise<BatchUnderWay> {
  const batch = await readBatch(open, parseActivationKey(key).node)
  if (!batch) {
    throw new FlowcraftAwsError('VALUE_LOST', `the batch of ${key} of run '${open.run.runId}' is gone`)
  }
  return { ...open, key, batch, round: roundOf(batch, round) }
}

export async function readBatch(
  open: OpenRun<Pick<Services, 'store' | 'values'>>,
  node: number,
): Promise<Batch | undefined> {
  const found = await readerOf(open).stored(names.batch(node))
  return found?.value as Batch | undefined
}
