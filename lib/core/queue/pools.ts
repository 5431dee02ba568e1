/**
 * Worker pools: nodes that need another kind of worker (more memory, more time) have a queue of their own. A job goes
 * to the queue of its node's pool, whoever sends it; a strand goes on inline only within its pool.
 */
import type { WorkflowBlueprint } from 'flowcraft'
import { problemsOf, must, url } from '../common/schema.ts'
import { show } from '../common/thrown.ts'
import { poolNodesProblems } from './pool-rules.ts'

/** Workers with a queue of their own, for nodes that need another kind. */
export interface Pool {
  /** URL of the pool's job queue. */
  readonly queueUrl: string
  /**
   * The nodes that its workers run: `node` in every blueprint, `blueprint:node` in one. The id of a batch means its
   * items.
   */
  readonly nodes: readonly string[]
}

/** A node of a run, or an item of one that scatters. */
export interface Routed {
  readonly blueprintId: string
  /** Absent in the job that begins a run, which any worker may do. */
  readonly nodeId?: string
  readonly items?: unknown
  /** The node whose pool it is for, in place of `nodeId`. */
  readonly passedOn?: string
}

/** What the builder's `batch(id)` adds to the id of the node that scatters. */
const SCATTER = '_scatter'

export class Pools {
  readonly #pools: Readonly<Record<string, Pool>>
  readonly #defaultQueueUrl: string
  /** The pool that this process serves; undefined for the default one. */
  readonly #own: string | undefined
  /** Name of the pool by rule. */
  readonly #byRule = new Map<string, string>()

  constructor(queueUrl: string, pools: Readonly<Record<string, Pool>> = {}, own?: string) {
    this.#defaultQueueUrl = queueUrl
    this.#pools = pools
    this.#own = own
    for (const [name, { nodes }] of Object.entries(pools))
      for (const rule of nodes) this.#byRule.set(rule, name)
  }

  /** The queue that this process takes jobs from. */
  get ownQueueUrl(): string {
    return this.#urlOf(this.#own)
  }

  queueUrlOf(job: Routed): string {
    return this.#urlOf(this.#poolOf(job))
  }

  /** Whether the workers of this process's pool run it. */
  isOwn(job: Routed): boolean {
    return job.nodeId === undefined || this.#poolOf(job) === this.#own
  }

  /** Rules that name no node of these blueprints: mistyped, most likely. */
  rulesWithoutNode(blueprints: Readonly<Record<string, WorkflowBlueprint>>): string[] {
    const known = new Set(
      Object.values(blueprints).flatMap(({ id, nodes }) =>
        nodes.flatMap((node) =>
          idsOf(node.id, node.uses === 'batch-scatter').flatMap((own) => rulesOf(id, own)),
        ),
      ),
    )
    return [...this.#byRule.keys()].filter((rule) => !known.has(rule))
  }

  #poolOf({ blueprintId, nodeId: named, items, passedOn }: Routed): string | undefined {
    const nodeId = passedOn ?? named
    if (nodeId === undefined || this.#byRule.size === 0) return undefined
    const rules = idsOf(nodeId, items !== undefined).flatMap((id) => rulesOf(blueprintId, id))
    return rules.map((rule) => this.#byRule.get(rule)).find((pool) => pool !== undefined)
  }

  #urlOf(pool: string | undefined): string {
    return (pool === undefined ? undefined : this.#pools[pool]?.queueUrl) ?? this.#defaultQueueUrl
  }
}

/** The ids by which a rule may name a node: that of the batch, for what scatters it. */
function idsOf(nodeId: string, isBatch: boolean): string[] {
  return isBatch && nodeId.endsWith(SCATTER) ? [nodeId.slice(0, -SCATTER.length), nodeId] : [nodeId]
}

function rulesOf(blueprintId: string, nodeId: string): string[] {
  return [`${blueprintId}:${nodeId}`, nodeId]
}

/** What is wrong with a description of pools, such as FLOWCRAFT_POOLS holds. */
export function poolProblems(pools: unknown, own: string | undefined): string[] {
  if (typeof pools !== 'object' || pools === null || Array.isArray(pools)) {
    return [`pools must be an object of pools by name; got ${show(pools)}`]
  }
  const declared = pools as Record<string, Partial<Pool> | null>
  const problems = Object.entries(declared).flatMap(([name, pool]) =>
    problemsOf(must(url, `pools.${name}.queueUrl must be a URL`), pool?.queueUrl),
  )
  problems.push(...poolNodesProblems(declared))
  if (own !== undefined && !Object.hasOwn(pools, own)) {
    problems.push(
      `pool must be one of ${
        Object.keys(pools)
          .map((name) => `'${name}'`)
          .join(', ') || 'none'
      }; got '${own}'`,
    )
  }
  return problems
}
