/** The child runs of a run. They stand in no list: their ids follow from what the run keeps of each. */
import { FlowcraftAwsError } from '../common/errors.ts'
import type { Services } from '../execution/services.ts'
import { activationOfChild } from '../protocol/inline-value.ts'
import { childIdOf, type RunState } from '../protocol/run-state.ts'
import { StoredTexts } from '../values/stored-texts.ts'

/** A unit for each header of up to 4 KB. @throws FlowcraftAwsError RUN_NOT_FOUND */
export async function childRuns(
  { store, values }: Pick<Services, 'store' | 'values'>,
  runId: string,
): Promise<RunState[]> {
  const run = await store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  const texts = await new StoredTexts({ run, store, values }).texts(false)
  let wanted = [...texts.keys()].flatMap((name) => activationOfChild(name) ?? [])
  const children: RunState[] = []
  for (let tries = 0; wanted.length > 0; tries++) {
    const found = await store.readMany(wanted.map((key) => childIdOf(runId, key, tries)))
    children.push(...found.values())
    // Of those that ended badly there may be one more.
    wanted = wanted.filter((key) => {
      const child = found.get(childIdOf(runId, key, tries))
      return child?.status === 'failed' || child?.status === 'cancelled'
    })
  }
  return children
}
