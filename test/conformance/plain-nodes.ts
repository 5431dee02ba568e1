/** What the nodes of a random blueprint do that are no more than a node. */
import { echo, failing, type NodeSpec, rounds, value } from './case.ts'
import type { NodePlan } from './plan.ts'

export function inputsOf(kind: NodePlan['inputs'], sources: readonly string[]): NodeSpec['inputs'] {
  if (kind === 'none') return undefined
  if (kind === 'key') return 'path'
  if (sources.length === 0) return undefined
  return kind === 'name' ? sources[0] : Object.fromEntries(sources.map((id, at) => [`from${at}`, id]))
}

/**
 * What a join without inputs gets is documented to differ: the last in edge order, not the last to end. And a
 * controller that goes on counts as completed, so a join behind it that fails is due once or twice.
 */
export function ofJoin(does: NodePlan['does'], hasInputs: boolean, isBehindLoop: boolean): NodePlan['does'] {
  return (does === 'echo' && !hasInputs) || (does === 'fail' && isBehindLoop) ? 'value' : does
}

/** As `rounds`, with the key that the condition of a loop can name. */
export function repeatedly(name: string, count: number): ReturnType<typeof rounds> {
  const run = rounds(`rounds ${name}`, count)
  return async (context) => {
    const result = await run(context)
    await context.context.set(`again${name}`, (result.output as { again: boolean }).again)
    return { output: result.output as unknown }
  }
}

export function behaviour(does: NodePlan['does'], index: number): NodeSpec['run'] {
  const output = { from: index, yes: true, no: false }
  switch (does) {
    case 'value':
    case 'yes':
      return value(output)
    case 'left':
    case 'right':
    case 'odd':
      return value(output, does)
    case 'fail':
      return failing(`n${index} broke`)
    case 'echo':
      return echo
    case 'large':
      return value({ ...output, text: 'x'.repeat(280) })
    case 'key':
      return async ({ context }) => {
        const before: unknown = await context.get(`key ${index}`)
        await context.set(`key ${index}`, index)
        return { output: before === undefined ? output : { before } }
      }
    default: {
      const never: never = does
      return never
    }
  }
}
