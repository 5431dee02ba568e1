/** How far each node of a run is. */
import pMap from 'p-map'
import { type Batch, partitions, roundOf, shardRange } from '../protocol/batch.ts'
import { names } from '../protocol/inline-value.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { type ActivationKey, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { RunStore } from '../store/run-store.ts'
import type { RunReader } from '../values/run-reader.ts'
import { type LostValue, unlessLost } from '../values/lost.ts'
import type { RunNodes, WaitingNode } from './nodes.ts'

/** 'notRun': not reached, since another branch was taken or a join is not ready. */
export type NodeState = 'completed' | 'active' | 'waiting' | 'failed' | 'notRun'

/** Items of a batch. Those that are made by items count from when these have ended. */
export interface ItemsProgress {
  readonly done: number
  readonly total: number
}

/** How far a node is. */
export interface NodeProgress {
  readonly nodeId: string
  readonly state: NodeState
  /** Which of its iterations this is, from 1: of a node in a loop, or of a run that was redriven. */
  readonly iteration?: number
  /** Tries that failed before the one that it waits for; of a subflow, child runs that did. */
  readonly failedTries?: number
  /** What it waits for, where it does. */
  readonly waiting?: WaitingNode
  /** Of a join of some of its predecessors (`joinCount`) that waits for more: how many are counted, and how many it wants. */
  readonly arrived?: { readonly count: number; readonly of: number }
  /** Of a batch under way. Not there where they cannot be read any more. */
  readonly items?: ItemsProgress
}

export interface ProgressOptions {
  readonly run: RunState
  readonly graph: RunGraph
  readonly store: Pick<RunStore, 'arrivals'>
  readonly reader: RunReader
  readonly nodes: RunNodes
  readonly waiting: readonly WaitingNode[]
  /** Gets what cannot be read. */
  readonly lost: LostValue[]
}

/** Shards read at a time. */
const CONCURRENCY = 20

/** Nothing is read but of batches under way: a unit or two, and one for each hundred items of the round that are not done. */
export async function progressOf(options: ProgressOptions): Promise<NodeProgress[]> {
  const { run, graph, nodes, waiting } = options
  const active = new Map(
    [...run.active].map(([key, entry]) => [parseActivationKey(key).node, { key, entry }]),
  )
  const states = statesOf(nodes)
  return pMap(graph.blueprint.nodes, async ({ id }, index): Promise<NodeProgress> => {
    const iteration = run.iterations.get(index)
    const waits = waiting.find(({ nodeId }) => nodeId === id)
    const { key, entry } = active.get(index) ?? {}
    const wait = entry?.wait
    const tries = wait && 'tries' in wait ? wait.tries : 0
    const items = key && wait?.kind === 'items' ? await itemsOf(options, key, wait.round) : undefined
    return {
      nodeId: id,
      state: waits ? 'waiting' : (states.get(id) ?? 'notRun'),
      ...(iteration === undefined ? {} : { iteration }),
      ...(tries > 0 ? { failedTries: tries } : {}),
      ...(waits ? { waiting: waits } : {}),
      ...arrivedAt(options, index),
      ...(items ? { items } : {}),
    }
  })
}

function arrivedAt({ run, graph }: ProgressOptions, node: number): Pick<NodeProgress, 'arrived'> {
  if (!graph.isQuorum(node) || run.fired.has(node)) return {}
  return { arrived: { count: run.arrived?.get(node)?.size ?? 0, of: graph.quorumOf(node) } }
}

function statesOf({ completed, active, failed }: RunNodes): ReadonlyMap<string, NodeState> {
  const ids = { completed, active, failed } as const
  const states = Object.keys(ids) as (keyof typeof ids)[]
  return new Map(states.flatMap((state) => ids[state].map((id) => [id, state] as const)))
}

async function itemsOf(
  { run: { runId }, store, reader, lost }: ProgressOptions,
  key: ActivationKey,
  index: number,
): Promise<ItemsProgress | undefined> {
  const name = names.batch(parseActivationKey(key).node)
  const batch = (await unlessLost(name, lost, () => reader.stored(name)))?.value as Batch | undefined
  if (!batch) return undefined
  const round = roundOf(batch, index)
  const { arrived } = await store.arrivals(runId, partitions.root(key, batch, round))
  const inShard = async (shard: number): Promise<number> => {
    const { from, to } = shardRange(round, shard)
    if (arrived.has(shard)) return to - from
    return (await store.arrivals(runId, partitions.shard(key, batch, round, shard))).arrived.size
  }
  const inShards = await pMap(Array(round.shards).keys(), inShard, { concurrency: CONCURRENCY })
  return { done: round.from + inShards.reduce((sum, done) => sum + done, 0), total: batch.total }
}
