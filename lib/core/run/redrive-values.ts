/** The values of a run that is taken up again: without errors that it no longer has, with context keys that are set anew. */
import { FlowcraftAwsError, messageOf } from '../common/errors.ts'
import type { Services } from '../execution/services.ts'
import { formatInlineValue, isBundle, names } from '../protocol/inline-value.ts'
import type { RunState } from '../protocol/run-state.ts'
import { stamped } from '../values/bundle.ts'
import { checkKey } from '../values/context-key.ts'
import { writeInput } from '../values/value-writer.ts'

type Set = Readonly<Record<string, unknown>>

/** @throws FlowcraftAwsError INVALID_INPUT */
export function checkSet({ values }: Pick<Services, 'values'>, set: Set = {}): void {
  for (const [name, value] of Object.entries(set)) {
    try {
      checkKey(name, ' of set')
      values.encode(value, `the value of '${name}'`)
    } catch (error) {
      throw new FlowcraftAwsError('INVALID_INPUT', `cannot redrive a run: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
}

/** Crash after: values that nothing names. */
export async function valuesAfter(
  { values }: Pick<Services, 'values'>,
  run: RunState,
  { forgotten, set = {} }: { readonly forgotten: readonly string[]; readonly set?: Set },
): Promise<Map<string, string>> {
  const after = new Map(run.inlineValues)
  // A page may have it though the header did: whoever moved it there died, or was refused. So a mark deletes it, as keys are.
  for (const name of forgotten) after.set(name, formatInlineValue({ writer: '', kind: '-', body: '' }))
  const { inlineValues, bundled } = await writeInput(values, run.runId, set)
  // What the header has of a key goes before any bundle.
  for (const name of bundled) after.delete(name)
  // That of the run's input has the name of its writer, who is nobody: this is another one.
  for (const [name, text] of stamped(inlineValues, run.seq + 1)) {
    after.set(isBundle(name) ? `${names.bundle('')}r${(run.redrives ?? 0) + 1}` : name, text)
  }
  return after
}
