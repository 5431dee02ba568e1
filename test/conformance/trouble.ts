/** What stops the runs of a random blueprint now and then. */
import type { NodeContext, NodeFunction, NodeImplementation, NodeResult } from 'flowcraft'
import { isNodeClass } from 'flowcraft'
import { builtInOf } from '../../lib/core/blueprints/built-in.ts'
import { Random } from '../simulation/random.ts'
import type { Setup } from './case.ts'
import { withProbe } from './outcome.ts'

/** Of all nodes together; a run that is redriven more often goes round for ever. */
const FAILURES_AT_MOST = 6

export class Trouble {
  readonly #random: Random
  #failures = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  get cancels(): boolean {
    return this.#random.chance(0.2)
  }

  get pauses(): boolean {
    return this.#random.chance(0.2)
  }

  get skips(): boolean {
    return this.#random.chance(0.5)
  }

  oneOf(nodes: readonly string[]): string {
    return this.#random.pick(nodes)
  }

  /** One or two of the nodes, in which nothing fails any more. */
  pick(nodes: readonly string[]): string[] {
    this.#failures = FAILURES_AT_MOST
    const picked = [this.oneOf(nodes), this.oneOf(nodes)]
    return this.#random.chance(0.5) ? [picked[0] as string] : [...new Set(picked)]
  }

  /** Fails before the node does anything. */
  readonly strike = (): void => {
    if (this.#failures >= FAILURES_AT_MOST || !this.#random.chance(0.3)) return
    this.#failures++
    throw new Error('trouble')
  }
}

function nodesOf({ blueprint, blueprints = [] }: Setup) {
  return [blueprint, ...blueprints].flatMap(({ nodes }) => nodes)
}

/**
 * Nodes with tries of their own would make something else of it. And where one that another made fails, what follows runs
 * all the same, and again after the redrive: what it counts in the context shows that.
 */
export function troubled(setup: Setup, trouble: Trouble): Setup {
  const all = nodesOf(setup)
  const tried = all.filter(({ config }) => (config?.maxRetries ?? 1) > 1 || config?.retry !== undefined)
  const guarded = new Set<unknown>(tried.flatMap(({ uses, params }) => [uses, params?.['workerUsesKey']]))
  const named = new Set<unknown>(all.flatMap(({ uses, params }) => [uses, params?.['workerUsesKey']]))
  const registry = Object.entries(setup.registry).map(([uses, run]): [string, NodeImplementation] => [
    uses,
    guarded.has(uses) || !named.has(uses) || builtInOf(run) ? run : withProbe(run, trouble.strike),
  ])
  return { ...setup, registry: Object.fromEntries(registry) }
}

/** What a node would have given, which whoever skips it gives. */
type Given = Pick<NodeResult, 'output' | 'action'>

/**
 * Nodes that fail once they have done everything, so that what they would have given is known. Not those that did more than
 * an output and an action can say, nor those of child runs, which nobody skips alone.
 */
export class Withheld {
  readonly setup: Setup
  readonly #given = new Map<string, Given>()
  readonly #trouble: Trouble

  constructor(setup: Setup, trouble: Trouble) {
    this.#trouble = trouble
    const { nodes } = setup.blueprint
    const own = nodes.flatMap(({ id, uses, config = {} }): [string, NodeImplementation][] => {
      const run = setup.registry[uses]
      const isTried = (config.maxRetries ?? 1) > 1 || config.retry !== undefined
      // One that runs always tells what failed before it.
      if (!run || builtInOf(run) || isNodeClass(run) || isTried || config.runs === 'always') return []
      return [[uses, this.#withholding(setup, id, run as NodeFunction)]]
    })
    this.setup = { ...setup, registry: { ...setup.registry, ...Object.fromEntries(own) } }
  }

  /** The request that skips a node. */
  of(nodeId: string): { nodeId: string } & Given {
    return { nodeId, ...this.#given.get(nodeId) }
  }

  #withholding(setup: Setup, id: string, run: NodeFunction): NodeFunction {
    return async (call) => {
      let hasWritten = false
      const result = (await run(watched(call, () => (hasWritten = true)))) as NodeResult | undefined
      // No result at all is something else than one without an output.
      if (!result || hasWritten) return result as NodeResult
      const { output, action, ...more } = result
      if (Object.keys(more).length > 0 || !isTaken(setup, id, action)) return result
      this.#given.set(id, { output, action })
      this.#trouble.strike()
      return result
    }
  }
}

function watched(call: NodeContext, wrote: () => void): NodeContext {
  const context = new Proxy(call.context, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'get' && name !== 'has' && name !== 'toJSON') wrote()
      return (...args: unknown[]) => Reflect.apply(value, target, args) as unknown
    },
  })
  return { ...call, context }
}

/** From outside, an action that no edge names is refused. */
function isTaken({ blueprint }: Setup, id: string, action: string | undefined): boolean {
  const runsAlways = new Set(
    blueprint.nodes.flatMap((node) => (node.config?.runs === 'always' ? node.id : [])),
  )
  const edges = blueprint.edges.filter(({ source, target }) => source === id && !runsAlways.has(target))
  const actions = edges.flatMap((edge) => edge.action ?? [])
  const plain = edges.filter((edge) => !edge.action)
  if (actions.length === 0 || (action && actions.includes(action))) return true
  return action ? plain.some(({ condition }) => !condition) : plain.length > 0
}
