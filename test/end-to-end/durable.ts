/** What tests of runs that pause share: a blueprint on a worker that is fed message by message, and a client. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RuntimeOptions } from 'flowcraft'
import { type RunClient, type RunDescription, SqsAdapter } from '../../lib/index.ts'
import type { InterceptedRequest } from '../../lib/local/index.ts'
import type { Setup } from '../conformance/case.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'
import { drain, type DrainOptions, quiet } from './driver.ts'

export interface DurableOptions {
  readonly bucketName?: string
  readonly webhookUrl?: string
  readonly runtime?: RuntimeOptions
  /** @default 0 */
  readonly deployGraceMs?: number
}

/** A deployment whose workers know one case's blueprints. */
export class Durable {
  readonly adapter: SqsAdapter
  readonly client: RunClient
  /** Knows the blueprints: it begins what it starts, so that no worker need. */
  readonly knowing: RunClient
  readonly #deployment: TestDeployment
  readonly #blueprintId: string

  constructor(deployment: TestDeployment, setup: Setup, options: DurableOptions = {}) {
    const { bucketName, webhookUrl, runtime, deployGraceMs = 0 } = options
    const all = [setup.blueprint, ...(setup.blueprints ?? [])]
    const blueprints = Object.fromEntries(all.map((blueprint) => [blueprint.id, blueprint]))
    const runtimeOptions = {
      logger: quiet,
      ...setup.options,
      ...runtime,
      blueprints,
      registry: setup.registry,
    }
    const aws = awsOptions(deployment)
    this.adapter = new SqsAdapter({ ...aws, bucketName, webhookUrl, deployGraceMs, ...runtimeOptions })
    this.client = clientOf(deployment, { bucketName })
    this.knowing = clientOf(deployment, { bucketName, blueprints, registry: setup.registry })
    this.#deployment = deployment
    this.#blueprintId = setup.blueprint.id
  }

  /** Starts a run and works on it until no message is left to be had. */
  async start(input?: Record<string, unknown>, runId?: string): Promise<string> {
    const started = await this.client.start({ blueprintId: this.#blueprintId, input, runId })
    await this.work()
    return started.runId
  }

  async work(options?: DrainOptions): Promise<void> {
    await drain(this.#deployment, this.adapter, options)
  }

  /** Works on messages, also on those that come later, until the run is over. */
  async finish(runId: string, timeoutMs = 60_000): Promise<RunDescription> {
    for (const end = Date.now() + timeoutMs; ; await sleep(20)) {
      await this.work()
      const run = await this.client.get(runId)
      if (run.endedAt) return run
      if (Date.now() > end) throw new Error(`run '${runId}' is ${run.status}: ${JSON.stringify(run.waiting)}`)
    }
  }
}

/** Jobs as they are sent, with their delay in seconds; to be given to `aws.intercept`. */
export function sentJobs(): {
  readonly jobs: { readonly nodeId?: string; readonly delay: number }[]
  readonly intercept: (request: InterceptedRequest) => 'forward'
} {
  const jobs: { nodeId?: string; delay: number }[] = []
  const intercept = ({ operation, body }: InterceptedRequest) => {
    if (operation === 'SendMessageBatch') {
      const { Entries } = body as { Entries: { MessageBody: string; DelaySeconds?: number }[] }
      for (const { MessageBody, DelaySeconds = 0 } of Entries) {
        jobs.push({ nodeId: (JSON.parse(MessageBody) as { nodeId?: string }).nodeId, delay: DelaySeconds })
      }
    }
    return 'forward' as const
  }
  return { jobs, intercept }
}
