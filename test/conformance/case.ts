/**
 * What a conformance case is, and a short way to write one: a graph whose nodes carry their implementation.
 * A case is made anew for each run, so that nothing a node remembers in a closure reaches another run.
 */
import type { StandardSchema } from '../../lib/index.ts'
import type {
  EdgeDefinition,
  NodeConfig,
  NodeContext,
  NodeDefinition,
  NodeImplementation,
  NodeResult,
  RuntimeOptions,
  WorkflowBlueprint,
} from 'flowcraft'
import type { Outcome } from './outcome.ts'

export interface Setup {
  readonly blueprint: WorkflowBlueprint
  readonly registry: Readonly<Record<string, NodeImplementation>>
  readonly input?: Record<string, unknown>
  /** Blueprints that subflow nodes name. */
  readonly blueprints?: readonly WorkflowBlueprint[]
  /** Of inputs, by blueprint id, which in memory nobody asks. @default - none */
  readonly schemas?: ReadonlyMap<string, StandardSchema>
  /** Given to the run, one each time that all it has left to do waits. */
  readonly events?: readonly {
    readonly nodeId: string
    readonly action?: string
    readonly output?: unknown
  }[]
  /** Given to each node of this id, in whichever blueprint and round it waits, in any order. */
  readonly answers?: Readonly<Record<string, { readonly action?: string; readonly output?: unknown }>>
  /** What is wrong with the context of the end, where that says something whatever the order; undefined is nothing. */
  readonly wrong?: (context: Outcome['context']) => string | undefined
  /** Evaluator, serializer, middleware, dependencies. */
  readonly options?: RuntimeOptions
}

export interface Expectation {
  readonly outcome: Outcome
  /** How often each of the run's own nodes commits. @default - as often as it is executed */
  readonly commits?: Readonly<Record<string, number>>
}

export interface ConformanceCase {
  readonly name: string
  make(): Setup
  /** What it comes to, where that is found in another way than by running it in memory. */
  reference?(): Promise<Expectation>
  /** What the kit does where the engine in memory is known to be broken (promises.md, last table). */
  readonly instead?: Partial<Outcome>
  /** Why the simulator leaves it out: too long, or its nodes remember more than their context. */
  readonly notSimulated?: string
  /** Why a fork of its run comes to something else. */
  readonly notForked?: string
}

type Run = (context: NodeContext) => Promise<NodeResult>

export interface NodeSpec extends NodeConfig {
  /** An implementation, or the name of one that the engine brings along. */
  readonly run: NodeImplementation | string
  readonly any?: boolean
  readonly inputs?: NodeDefinition['inputs']
  readonly params?: Record<string, unknown>
}

/**
 * Edges are objects, or text: `a>b`, with `:action`, `?condition` and `=transform` in that order.
 *
 * @example graph({ a: value(1), b: { run: echo, any: true } }, ['a>b:left?result.ok=input.x'])
 */
export function graph(
  nodes: Readonly<Record<string, NodeImplementation | NodeSpec>>,
  edges: readonly (string | EdgeDefinition)[],
  more: Omit<Setup, 'blueprint' | 'registry'> & {
    metadata?: WorkflowBlueprint['metadata']
    /** Implementations that no node of the graph names by itself. */
    builtIn?: Setup['registry']
  } = {},
): Setup {
  const { metadata, builtIn = {}, ...setup } = more
  const registry: Record<string, NodeImplementation> = {}
  const definitions = Object.entries(nodes).map(([id, node]): NodeDefinition => {
    const { run, any, inputs, params, ...config } = typeof node === 'function' ? { run: node } : node
    if (typeof run !== 'string') registry[`run ${id}`] = run
    const join = any || run === 'loop-controller' ? ({ joinStrategy: 'any' } as const) : {}
    return {
      id,
      uses: typeof run === 'string' ? run : `run ${id}`,
      ...(inputs === undefined ? {} : { inputs }),
      ...(params === undefined ? {} : { params }),
      config: { ...join, ...config },
    }
  })
  const blueprint = {
    id: 'case',
    nodes: definitions,
    edges: edges.map(edgeOf),
    ...(metadata && { metadata }),
  }
  return { blueprint, registry: { ...registry, ...builtIn }, ...setup }
}

function edgeOf(edge: string | EdgeDefinition): EdgeDefinition {
  if (typeof edge !== 'string') return edge
  const match = /^([\w-]+)>([\w-]+)(?::(\w+))?(?:\?([\w.]+))?(?:=([\w.]+))?$/.exec(edge)
  if (!match) throw new Error(`not an edge: ${edge}`)
  const [, source, target, action, condition, transform] = match as unknown as [
    string,
    string,
    string,
    ...string[],
  ]
  const given = Object.entries({ action, condition, transform }).filter(([, value]) => value !== undefined)
  return { source, target, ...Object.fromEntries(given) }
}

/** make -> scatter -> gather, and a worker for each item. */
export function batchOf(items: readonly unknown[], worker: Run): Setup {
  const gathering = { outputKey: 'results', gatherNodeId: 'gather' }
  return graph(
    {
      make: value(items),
      scatter: { run: 'batch-scatter', inputs: 'make', params: { workerUsesKey: 'worker', ...gathering } },
      gather: { run: 'batch-gather', params: gathering },
    },
    ['make>scatter', 'scatter>gather'],
    { builtIn: { worker } },
  )
}

/** A node that always gives this. */
export function value(output: unknown, action?: string): Run {
  return async () => ({ output, ...(action === undefined ? {} : { action }) })
}

/** A node that gives its input. */
export const echo: Run = async ({ input }) => ({ output: input as unknown })

/** A node that gives its input in a list after its name, so that an output tells its way. */
export function trail(name: string): Run {
  return async ({ input }) => ({ output: [name, input as unknown] })
}

export function failing(message: string): Run {
  return async () => {
    throw new Error(message)
  }
}

/** Counts its rounds under a context key: `again` up to `rounds`, then `done`, both as action and in its output. */
export function rounds(key: string, limit: number): Run {
  return async ({ context }) => {
    const count = (((await context.get(key)) as number | undefined) ?? 0) + 1
    await context.set(key, count)
    await context.set(`${key}Again`, count < limit)
    const again = count < limit
    return { output: { count, again, over: !again }, action: again ? 'again' : 'done' }
  }
}

/** Counts under a context key of its own how often it ran. */
export function tally(key: string): Run {
  return async ({ context }) => {
    const count = (((await context.get(`${key} ran`)) as number | undefined) ?? 0) + 1
    await context.set(`${key} ran`, count)
    return { output: `${key} ${count}` }
  }
}
