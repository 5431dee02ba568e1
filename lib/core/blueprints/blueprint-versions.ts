/**
 * The graphs of this process: the present version of each registered blueprint, and the versions that running runs
 * remember. A run goes by the graph it started with, whatever is deployed meanwhile; the graph is stored once per
 * version, before the first run that uses it.
 */
import { createHash } from 'node:crypto'
import type { NodeClass, NodeFunction, WorkflowBlueprint } from 'flowcraft'
import { FlowcraftAwsError, unknownBlueprint } from '../common/errors.ts'
import { VALUE_ITEM_BYTES } from '../common/size-limits.ts'
import { RunGraph } from '../protocol/run-graph.ts'
import type { RunStore, StoredValue } from '../store/run-store.ts'
import { compress, deflate, expand } from '../values/compression.ts'
import type { StandardSchema } from '../common/standard-schema.ts'
import type { Registry } from './registry.ts'

type Implementations = ReadonlyMap<string, NodeFunction | NodeClass>
/** A process that lives longer sees by then whether what it stored is aging: a read a day and graph. */
const LOOK_AGAIN = 86_400_000

type GraphStore = Pick<RunStore, 'getGraph' | 'putGraph'>

export class Graphs {
  readonly #blueprints: Record<string, WorkflowBlueprint>
  readonly #registry: Registry
  readonly #schemas: ReadonlyMap<string, StandardSchema>
  readonly #store: GraphStore
  readonly #now: () => number
  readonly #current = new Map<string, RunGraph>()
  readonly #remembered = new Map<string, Promise<RunGraph>>()
  readonly #stored = new Map<string, Promise<void>>()
  #storedSince: number

  constructor(options: {
    blueprints: Record<string, WorkflowBlueprint>
    registry: Registry
    /** Of inputs, by blueprint id. @default - none */
    schemas?: ReadonlyMap<string, StandardSchema>
    store: GraphStore
    /** Milliseconds since the epoch. @default Date.now */
    now?: () => number
  }) {
    this.#blueprints = options.blueprints
    this.#registry = options.registry
    this.#schemas = options.schemas ?? new Map()
    this.#store = options.store
    this.#now = options.now ?? Date.now
    this.#storedSince = this.#now()
  }

  /** The registered version. @throws FlowcraftAwsError UNKNOWN_BLUEPRINT */
  current(blueprintId: string): RunGraph {
    let graph = this.#current.get(blueprintId)
    if (graph) return graph
    const blueprint = Object.hasOwn(this.#blueprints, blueprintId) ? this.#blueprints[blueprintId] : undefined
    if (!blueprint) throw unknownBlueprint(blueprintId, Object.keys(this.#blueprints))
    this.#current.set(blueprintId, (graph = new RunGraph(blueprint)))
    return graph
  }

  /** Of a registered blueprint's input. */
  schemaOf(blueprintId: string): StandardSchema | undefined {
    return this.#schemas.get(blueprintId)
  }

  /** The registered version, stored so that every later worker can go by it. */
  async remember(blueprintId: string): Promise<RunGraph> {
    const graph = this.current(blueprintId)
    if (this.#now() - this.#storedSince > LOOK_AGAIN) {
      this.#stored.clear()
      this.#storedSince = this.#now()
    }
    await once(this.#stored, `${blueprintId} ${graph.fingerprint}`, () => this.#put(graph))
    return graph
  }

  /** A version that a run remembers, for another run that is to go by it: stored anew where it is aging. */
  async keep(graph: RunGraph): Promise<void> {
    await this.#put(graph)
  }

  /** The version that a run remembers. */
  async of(blueprintId: string, fingerprint: string): Promise<RunGraph> {
    if (Object.hasOwn(this.#blueprints, blueprintId)) {
      const current = this.current(blueprintId)
      if (current.fingerprint === fingerprint) return current
    }
    return once(this.#remembered, `${blueprintId} ${fingerprint}`, () => this.#get(blueprintId, fingerprint))
  }

  /** What runs a node, by its key. */
  implementation(uses: string, runtimeRegistry: Implementations): NodeFunction | NodeClass | undefined {
    return runtimeRegistry.get(uses) ?? (this.#registry[uses] as NodeFunction | NodeClass | undefined)
  }

  /**
   * What runs a node of a graph whose key is gone: the node of the same id in the registered version. Of items of a
   * batch, the node that scatters them.
   */
  successor(
    graph: RunGraph,
    node: number,
    runtimeRegistry: Implementations,
    ofItems = false,
  ): NodeFunction | NodeClass | undefined {
    const { id } = graph.node(node)
    const successor = this.#blueprints[graph.blueprint.id]?.nodes.find((other) => other.id === id)
    const uses: unknown = ofItems ? successor?.params?.['workerUsesKey'] : successor?.uses
    return typeof uses === 'string' ? this.implementation(uses, runtimeRegistry) : undefined
  }

  /**
   * Crash before or during: parts that nothing names, which the next worker puts again. After: the version stands, as
   * whoever puts it writes it.
   */
  async #put(graph: RunGraph): Promise<void> {
    const { id } = graph.blueprint
    // Reading first: the item may have many units, and each new worker process comes by here.
    const stored = await this.#store.getGraph(id, graph.fingerprint)
    if (stored && stored.isAging !== true) return
    const text = JSON.stringify(graph.drawn)
    const value = await compress(text)
    const size = value.bytes?.byteLength ?? Buffer.byteLength(text)
    if (size <= VALUE_ITEM_BYTES) return this.#store.putGraph(id, graph.fingerprint, value)
    const bytes = value.bytes ?? (await deflate(text))
    // Two processes may compress differently, so the parts are named by what is in them.
    const label = createHash('sha256').update(bytes).digest('base64url').slice(0, 12)
    const count = Math.ceil(bytes.byteLength / VALUE_ITEM_BYTES)
    for (let part = 0; part < count; part++) {
      const slice = bytes.subarray(part * VALUE_ITEM_BYTES, (part + 1) * VALUE_ITEM_BYTES)
      await this.#store.putGraph(id, partOf(graph.fingerprint, label, part), { bytes: slice })
    }
    const inParts: InParts = { inParts: count, label }
    await this.#store.putGraph(id, graph.fingerprint, { text: JSON.stringify(inParts) })
  }

  async #get(blueprintId: string, fingerprint: string): Promise<RunGraph> {
    const text = await expand(await this.#item(blueprintId, fingerprint, fingerprint))
    const stored = JSON.parse(text) as WorkflowBlueprint | InParts
    if (!('inParts' in stored)) return new RunGraph(stored)
    const parts = await Promise.all(
      Array.from({ length: stored.inParts }, (_, part) =>
        this.#item(blueprintId, fingerprint, partOf(fingerprint, stored.label, part)),
      ),
    )
    const whole = Buffer.concat(parts.map(({ bytes }) => bytes ?? Buffer.alloc(0)))
    return new RunGraph(JSON.parse(await expand({ bytes: whole })) as WorkflowBlueprint)
  }

  async #item(blueprintId: string, fingerprint: string, name: string): Promise<StoredValue> {
    const stored = await this.#store.getGraph(blueprintId, name)
    if (stored) return stored
    throw new FlowcraftAwsError(
      'VALUE_LOST',
      `version ${fingerprint} of blueprint '${blueprintId}' is not stored`,
    )
  }
}

/** In place of a blueprint that does not fit into an item. */
interface InParts {
  readonly inParts: number
  readonly label: string
}

function partOf(fingerprint: string, label: string, part: number): string {
  return `${fingerprint}#${label}.${part}`
}

/** Remembers a promise, but not a rejected one: infrastructure trouble passes. */
function once<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let promise = cache.get(key)
  if (!promise) {
    promise = make()
    cache.set(key, promise)
    promise.catch(() => cache.delete(key))
  }
  return promise
}
