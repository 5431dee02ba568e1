/** What the nodes of a random blueprint do that are no more than a node. */
import { FlowcraftError, type NodeFunction } from 'flowcraft'
import type { AlwaysInput } from '../../lib/index.ts'
import { echo, type NodeSpec, rounds, value } from './case.ts'
import type { NodePlan } from './plan.ts'

export function inputsOf(
  kind: NodePlan['inputs'],
  sources: readonly string[],
  id: string,
): NodeSpec['inputs'] {
  const map = Object.fromEntries(sources.map((source, at) => [`from${at}`, source]))
  switch (kind) {
    case 'none':
      return undefined
    case 'key':
      return 'path'
    case 'missing':
      return 'nobody'
    case 'empty':
      return ''
    case 'name':
      return sources[0]
    case 'raw':
      return sources[0] && `_outputs.${sources[0]}`
    case 'map':
      return sources.length === 0 ? undefined : map
    case 'rich': {
      // Of a join it is the input of one of its predecessors, in memory of the last one to end.
      const own: Record<string, string> = sources.length > 1 ? {} : { own: `_inputs.${id}` }
      return {
        ...map,
        ...own,
        key: 'path',
        dotted: 'path.deep',
        absent: 'nobody',
        raw: `_outputs.${sources[0]}`,
      }
    }
    default: {
      const never: never = kind
      return never
    }
  }
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

export function behaviour(
  does: NodePlan['does'],
  index: number,
  { id, throws }: { id: string; throws?: NodePlan['throws'] },
): NodeSpec['run'] {
  const output = { from: index, yes: true, no: false, deep: { er: { from: index } } }
  switch (does) {
    case 'value':
    case 'yes':
      return value(output)
    case 'left':
    case 'right':
    case 'odd':
      return value(output, does)
    case 'fail':
      return throwing(throws ?? 'error', `n${index} broke`)
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
    case 'nothing':
      return (async () => undefined) as unknown as NodeFunction
    case 'undefined':
      return value(undefined)
    case 'rich':
      return value({ ...output, at: new Date(0), map: new Map([['k', index]]), none: undefined, nil: null })
    case 'oddKeys':
      return oddKeys(index, output)
    case 'deletes':
      return deleting(index, output)
    case 'sees':
      return async ({ context }) => {
        const keys = [`_inputs.${id}`, `_outputs.${id}`, id, 'nobody']
        const seen = await Promise.all(keys.map((key) => context.has(key)))
        return { output: { ...output, seen } }
      }
    default: {
      const never: never = does
      return never
    }
  }
}

/** It tells what it was given; ids and messages of what nodes made, and of subflows, differ. A redrive runs it once more. */
export function alwaysNode(
  { does, throws }: NodePlan,
  index: number,
  { id, inputs }: { id: string; inputs: NodeSpec['inputs'] },
): NodeSpec {
  const tells: NodeFunction = async ({ input }) => {
    if (inputs !== undefined) return { output: (input ?? null) as unknown }
    const { status, errors, outputs } = input as AlwaysInput
    return { output: { status, errors: errors.length, outputs: Object.keys(outputs).toSorted() } }
  }
  const run = does === 'echo' || does === 'key' ? tells : behaviour(does, index, { id, throws })
  return { run, runs: 'always', ...(inputs === undefined ? {} : { inputs }) }
}

/** Of a join of some: who they are depends on order. */
export const howManyArrived: NodeFunction = async ({ input }) => ({
  output: Object.keys(input as object).length,
})

/** Names that an object, a path or an item of a table could stumble over. */
const ODD_KEYS = [
  ' ',
  'constructor',
  'toString',
  'length',
  'a.b.c',
  '#pk:x',
  "quote's",
  'é☃🚀',
  '_x',
  '_inputs.nobody',
  '_outputs.nobody',
  'x'.repeat(300),
] as const

/** Sets keys of odd names, some to nothing and some twice, and tells what it reads back. */
function oddKeys(index: number, output: object): NodeFunction {
  return async ({ context }) => {
    for (const key of ODD_KEYS) await context.set(`${key}${index}`, { key })
    // The same of all: of nodes side by side the last one counts, in memory as well.
    await context.set('__proto__', { odd: true })
    await context.set(`undefined ${index}`, undefined)
    await context.set(`null ${index}`, null)
    await context.set(`${ODD_KEYS[0]}${index}`, 'again')
    const read = await Promise.all(ODD_KEYS.map((key) => context.get(`${key}${index}`)))
    read.push(await context.get('__proto__'))
    const has = await Promise.all(['undefined', 'null'].map((key) => context.has(`${key} ${index}`)))
    return { output: { ...output, read, has } }
  }
}

/** Deletes what it set, what it set again after that, and what was never there. */
function deleting(index: number, output: object): NodeFunction {
  return async ({ context }) => {
    const [gone, back] = [`gone.${index}`, `back ${index}`]
    await context.set(gone, 1)
    await context.set(back, 1)
    const deleted = [
      await context.delete(gone),
      await context.delete(back),
      await context.delete(`never ${index}`),
    ]
    await context.set(back, 2)
    return { output: { ...output, deleted, has: [await context.has(gone), await context.get(back)] } }
  }
}

/** Throws an error, or what is none. */
function throwing(shape: NonNullable<NodePlan['throws']>, message: string): NodeFunction {
  return async () => {
    switch (shape) {
      case 'cause':
        throw new Error(message, { cause: new TypeError('deeper', { cause: 'text' }) })
      case 'text':
        throw message
      case 'null':
        throw null
      case 'undefined':
        throw undefined
      case 'frozen':
        throw Object.freeze(new Error(message))
      case 'fatal':
        throw new FlowcraftError(message, { isFatal: true })
      case 'bareCause':
        throw new Error(message, { cause: Object.create(null) as object })
      case 'stack':
        throw Object.assign(new Error(message), { stack: { line: 1 } })
      case 'getter':
        throw Object.defineProperty(new Error(message), 'message', {
          get: () => {
            throw new Error(`${message} and cannot say how`)
          },
        })
      default:
        throw new Error(message)
    }
  }
}
