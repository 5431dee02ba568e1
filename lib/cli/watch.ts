/** Follows a run: for a person a view that is drawn anew, for a pipe a line for each change, for programs a document each. */
import type { RunDescription } from '../core/run/describe.ts'
import type { CommandContext } from './context.ts'
import { runLines, widthOf } from './render.ts'

/** Up over what was drawn before, and away with it. */
const again = (lines: number) => (lines === 0 ? '' : `\u001B[${lines}A\u001B[0J`)

/** Lines of the terminal that these take: one that is wider goes on in the next. */
function heightOf(lines: readonly string[], columns = 0): number {
  if (columns < 1) return lines.length
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0)
}

/** @returns the run as it ended */
export async function follow(context: CommandContext, runId: string): Promise<RunDescription> {
  const { client, io, colors, options } = context
  let drawn = 0
  let last: RunDescription | undefined
  for await (const run of client.watch(runId, { signal: io.signal })) {
    last = run
    if (options.json) {
      io.out(JSON.stringify(run))
    } else if (io.isTerminal) {
      const lines = runLines(colors, run, io.now())
      io.out(again(drawn) + lines.join('\n'))
      drawn = heightOf(lines, io.columns)
    } else {
      const { active, failed } = run.nodes
      const failures = failed.length > 0 ? ` failed: ${failed.join(' ')}` : ''
      io.out(`${run.status} ${active.join(' ')}${failures}`.trimEnd())
    }
  }
  return last as RunDescription
}
