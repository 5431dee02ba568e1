/** The values of a run that is taken up again: without errors that it no longer has, with context keys that are set anew. */
import { FlowcraftAwsError, isFlowcraftAwsError, messageOf } from '../common/errors.ts'
import { HEADER_AT_MOST_BYTES } from '../common/size-limits.ts'
import type { Services } from '../execution/services.ts'
import { formatInlineValue, isBundle, names } from '../protocol/inline-value.ts'
import type { RunState } from '../protocol/run-state.ts'
import { headerSize } from '../store/header.ts'
import type { RedriveState } from '../store/run-store.ts'
import { stamped } from '../values/bundle.ts'
import { checkKey } from '../values/context-key.ts'
import { movableIn, moveOut } from '../values/move-out.ts'
import { type Flushed, writeInput } from '../values/value-writer.ts'

type Set = Readonly<Record<string, unknown>>
type ValueServices = Pick<Services, 'store' | 'values'>

/** @throws FlowcraftAwsError INVALID_INPUT */
export function checkSet({ values }: Pick<Services, 'values'>, verb: string, set: Set = {}): void {
  for (const [name, value] of Object.entries(set)) {
    try {
      checkKey(name, ' of set')
      values.encode(value, `the value of '${name}'`)
    } catch (error) {
      throw unsettable(verb, error)
    }
  }
}

/**
 * `next` is what the run is to be otherwise. What it had is moved out where there would be no room for it.
 * Crash after: values that nothing names, and a pack, or pages, that say what the header does.
 *
 * @throws FlowcraftAwsError INVALID_INPUT
 */
export async function valuesAfter(
  services: ValueServices,
  run: RunState,
  next: RunState,
  { forgotten, set = {} }: { readonly forgotten: readonly string[]; readonly set?: Set },
): Promise<Pick<RedriveState, 'inlineValues' | 'offloaded' | 'packs'>> {
  const after = new Map(run.inlineValues)
  // A page may have it though the header did: whoever moved it there died, or was refused. So a mark deletes it, as keys are.
  for (const name of forgotten) after.set(name, formatInlineValue({ writer: '', kind: '-', body: '' }))
  const { inlineValues, bundled } = await written(services, run, set)
  // What the header has of a key goes before any bundle.
  for (const name of bundled) after.delete(name)
  // That of the run's input has the name of its writer, who is nobody: this is another one.
  for (const [name, text] of stamped(inlineValues, run.seq + 1)) {
    after.set(isBundle(name) ? `${names.bundle('')}r${(run.redrives ?? 0) + 1}` : name, text)
  }
  if (headerSize({ ...next, inlineValues: after }) <= HEADER_AT_MOST_BYTES) {
    return { inlineValues: after, offloaded: run.offloaded, packs: run.packs }
  }
  const asBefore = movableIn(after).filter(([name, text]) => run.inlineValues.get(name) === text)
  const { texts: moved, pack = run.packs } = await moveOut(services.store, run, asBefore)
  const left = new Map([...after].filter(([name]) => !moved.has(name)))
  return { inlineValues: left, offloaded: run.offloaded || moved.size > 0, packs: pack }
}

async function written({ values }: ValueServices, { runId }: RunState, set: Set): Promise<Flushed> {
  try {
    return await writeInput(values, runId, set)
  } catch (error) {
    throw isFlowcraftAwsError(error, 'VALUE_NOT_SERIALIZABLE') ? unsettable('redrive', error) : error
  }
}

function unsettable(verb: string, error: unknown): FlowcraftAwsError {
  return new FlowcraftAwsError('INVALID_INPUT', `cannot ${verb} a run: ${messageOf(error)}`, { cause: error })
}
