/**
 * Webhooks: a URL with an unguessable token that gives a run an event, once. Only the token's hash is stored, and it
 * is found by that hash, so nothing is compared that timing could tell.
 */
import { createHash, randomBytes } from 'node:crypto'
import { FlowcraftAwsError } from './errors.ts'
import { giveEvent, nodeOfEvent, waitingFor } from './run-events.ts'
import { sendJobs } from './outgoing.ts'
import { runIdProblem } from './queue/job.ts'
import type { ResumeServices } from './resume.ts'
import { isOver } from './run-state.ts'
import type { RunStore } from './store/run-store.ts'

/** 256 bits. */
const TOKEN_BYTES = 32
const TOKEN = /^[A-Za-z0-9_-]{43}$/

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
  const event = `webhook:${nodeId}`
  await store.putValue(runId, webhookKey(token), { text: event })
  return { url: `${baseUrl.replace(/\/+$/, '')}/${encodeURIComponent(runId)}/${token}`, event }
}

export type WebhookOutcome = 'resumed' | 'used' | 'unknown'

/** Gives a run what came to a webhook. `path` ends with the run's id and the token. */
export async function receiveWebhook(
  services: ResumeServices,
  path: string,
  output: unknown,
): Promise<WebhookOutcome> {
  const found = await lookUp(services.store, path)
  if (!found) return 'unknown'
  const { runId, event } = found
  const run = await services.store.read(runId)
  if (!run?.graph || isOver(run)) return run ? 'used' : 'unknown'
  const graph = await services.graphs.of(run.blueprintId, run.graph)
  const node = nodeOfEvent(graph, event)
  if (node === undefined) {
    const why = `no node of blueprint '${run.blueprintId}' waits for event '${event}'`
    throw new FlowcraftAwsError('INVALID_BLUEPRINT', `a webhook of run '${runId}' came, but ${why}`)
  }
  const given = await giveEvent(services, graph, run, node, { output })
  const now = await services.store.read(runId)
  const waiting = now && waitingFor(now, node)
  if (waiting) await sendJobs(services, graph, now, [waiting])
  return given ? 'resumed' : 'used'
}

async function lookUp(store: Pick<RunStore, 'getValue'>, path: string) {
  const [encodedRunId, token] = path.split('/').filter(Boolean).slice(-2)
  if (!encodedRunId || !token || !TOKEN.test(token)) return undefined
  const runId = decode(encodedRunId)
  if (runId === undefined || runIdProblem(runId) !== undefined) return undefined
  const stored = await store.getValue(runId, webhookKey(token))
  return stored?.text === undefined ? undefined : { runId, event: stored.text }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function webhookKey(token: string): string {
  return `webhook#${createHash('sha256').update(token).digest('base64url')}`
}
