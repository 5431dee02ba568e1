/**
 * Webhooks: a URL with an unguessable token that gives a run an event, once. Only the token's hash is stored, and it
 * is found by that hash, so nothing is compared that timing could tell.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { NodeDefinition } from 'flowcraft'
import { runIdProblem } from '../common/identifiers.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { activationKey, isOver, type RunState } from '../protocol/run-state.ts'
import type { RunStore } from '../store/run-store.ts'
import { sendJobs } from './dispatch.ts'
import { iterationOf, nodesOfEvent, waitingAt } from './event-nodes.ts'
import { encodeEvent, giveEvent } from './events.ts'
import type { ResumeServices } from './resume.ts'

/** 256 bits. */
const TOKEN_BYTES = 32
const EVENT_PREFIX = 'webhook:'
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** The URL of a `webhook` node, and the event that a call of it becomes. */
export interface WebhookEndpoint {
  readonly url: string
  /** What a `wait` node names in its `eventName` to take what comes. */
  readonly event: string
}

/**
 * Makes an endpoint for one node of a run. Each attempt of the node makes its own; only that of the attempt which
 * committed is ever known to anybody.
 */
export async function makeWebhook(
  store: Pick<RunStore, 'putValue'>,
  baseUrl: string,
  runId: string,
  nodeId: string,
): Promise<WebhookEndpoint> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const event = `${EVENT_PREFIX}${nodeId}`
  await store.putValue(runId, webhookKey(token), { text: event })
  return { url: `${baseUrl.replace(/\/+$/, '')}/${segmentOf(runId)}/${token}`, event }
}

/** What became of a call to a webhook. */
export type WebhookOutcome =
  | 'resumed'
  | 'used'
  | 'unknown'
  /** The run's blueprint has no node that waits for it. */
  | 'unwaited'

/** A URL that a node of a run made, and the run as it is. */
export interface FoundWebhook {
  readonly run: RunState
  readonly graph: RunGraph
  readonly event: string
  /** Names the token in the table. */
  readonly key: string
  /** Of the node that made it. */
  readonly params: NodeDefinition['params']
}

/** `path` ends with the run's id and the token. */
export async function findWebhook(services: ResumeServices, path: string): Promise<FoundWebhook | undefined> {
  const found = await lookUp(services.store, path)
  const run = found && (await services.store.read(found.runId))
  if (!found || run?.graph === undefined) return undefined
  const graph = await services.graphs.of(run.blueprintId, run.graph)
  const maker = graph.find(found.event.slice(EVENT_PREFIX.length))
  const params = maker === undefined ? undefined : graph.node(maker).params
  return { run, graph, event: found.event, key: found.key, params }
}

/** Gives a run what came to a webhook. */
export async function receiveWebhook(
  services: ResumeServices,
  { run, graph, event, key }: FoundWebhook,
  output: unknown,
): Promise<Exclude<WebhookOutcome, 'unknown'>> {
  const { runId } = run
  if (isOver(run)) return 'used'
  const nodes = nodesOfEvent(graph, event)
  if (nodes.length === 0) return 'unwaited'
  let given = false
  for (const node of nodes) {
    if (graph.repeatable.has(node) && !(await claim(services.store, graph, run, node, key))) continue
    const iteration = iterationOf(graph, run, node)
    if (iteration === undefined) continue
    const encoded = encodeEvent(services, graph.node(node).id, { output })
    given = (await giveEvent(services, runId, activationKey(node, iteration), encoded)) || given
  }
  const now = await services.store.read(runId)
  if (now) await sendJobs({ services, graph, run: now }, waitingAt(now, nodes))
  return given ? 'resumed' : 'used'
}

/**
 * In a loop the node waits once in each round, and a token is good for one of them. Crash after the put: the same
 * token may still be used, in this round.
 */
async function claim(
  store: Pick<RunStore, 'putOnce' | 'getValue'>,
  graph: RunGraph,
  run: RunState,
  node: number,
  key: string,
): Promise<boolean> {
  const text = `${iterationOf(graph, run, node)}`
  const used = `${key}#used#${node}`
  if (await store.putOnce(run.runId, used, { text })) return true
  return (await store.getValue(run.runId, used))?.text === text
}

async function lookUp(store: Pick<RunStore, 'getValue'>, path: string) {
  const [encodedRunId, token] = path.split('/').filter(Boolean).slice(-2)
  if (!encodedRunId || !token || !TOKEN.test(token)) return undefined
  const runId = runIdOf(encodedRunId)
  if (runId === undefined || runIdProblem(runId) !== undefined) return undefined
  const key = webhookKey(token)
  const stored = await store.getValue(runId, key)
  return stored?.text === undefined ? undefined : { runId, event: stored.text, key }
}

/** Run ids may have slashes. HTTP APIs hand over a path that is decoded, so an encoded one would not be safe. */
function segmentOf(runId: string): string {
  return encodeURIComponent(runId.replaceAll('/', '!'))
}

function runIdOf(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment).replaceAll('!', '/')
  } catch {
    return undefined
  }
}

function webhookKey(token: string): string {
  return `webhook#${createHash('sha256').update(token).digest('base64url')}`
}
