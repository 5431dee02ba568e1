/**
 * Runs cases on a local AWS: a queue, a table and a bucket of their own, and a worker that polls in this process. The worker
 * has the role of a service's worker, whoever starts runs and looks at them what `grantManageRuns` gives.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import type { WorkflowBlueprint } from 'flowcraft'
import {
  type ResumeRequest,
  type ResumeResult,
  type RunClient,
  SqsAdapter,
  type SqsAdapterOptions,
  type StartRunRequest,
  type StartRunResult,
  stateTable,
} from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { rolesOf, type ServiceRoles } from '../constructs/roles.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'
import type { Setup } from './case.ts'
import { type Harness, type HarnessOptions, type Outcome, runOn } from './outcome.ts'

/** A retry by the queue rather than within the invocation, and no longer than it must be. */
const SHORT_RETRY_MS = 1_001
const POLL_MS = 50
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

export async function runOnAws(
  aws: LocalAws,
  setup: Setup,
  own: Pick<SqsAdapterOptions, 'leases'> = {},
): Promise<Outcome> {
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: 30 })
  const tableName = await aws.createTable(stateTable.createInput(`state-${randomUUID()}`))
  const bucketName = await aws.createBucket()
  const deployment = { aws, queueUrl, deadLetterQueueUrl, tableName }
  const roles = await rolesOf(aws, { ...deployment, bucketName })
  const workers: AwsHarness[] = []
  try {
    return await runOn(shortened(setup), (options) => {
      const harness = new AwsHarness({ deployment, bucketName, roles }, { ...options, ...own })
      workers.push(harness)
      return harness
    })
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
  }
}

/** Long enough for an event to come first where one does. */
const WAIT_MS = 1_500

/** Time is real here, so nobody sleeps for days. */
function shortened(setup: Setup): Setup {
  const { blueprint, blueprints = [] } = setup
  return { ...setup, blueprint: inShort(blueprint), blueprints: blueprints.map(inShort) }
}

function inShort(blueprint: WorkflowBlueprint): WorkflowBlueprint {
  const nodes = blueprint.nodes.map((node) => {
    if (node.uses === 'sleep') return { ...node, params: { ...node.params, duration: 5 } }
    if (node.uses === 'wait' && node.params?.['timeout'] !== undefined) {
      return { ...node, params: { ...node.params, timeout: WAIT_MS } }
    }
    const { retry } = node.config ?? {}
    if (typeof retry?.delay === 'string') {
      return { ...node, config: { ...node.config, retry: { ...retry, delay: SHORT_RETRY_MS } } }
    }
    if ((node.config?.retryDelay ?? 0) <= SHORT_RETRY_MS) return node
    return { ...node, config: { ...node.config, retryDelay: SHORT_RETRY_MS } }
  })
  return { ...blueprint, nodes }
}

interface HarnessParts {
  readonly deployment: TestDeployment
  readonly bucketName: string
  readonly roles: ServiceRoles
}

class AwsHarness implements Harness {
  readonly #deployment: TestDeployment
  readonly #client: RunClient
  readonly #adapter: SqsAdapter

  constructor(
    { deployment, bucketName, roles }: HarnessParts,
    options: HarnessOptions & Pick<SqsAdapterOptions, 'leases'>,
  ) {
    const { serializer } = options
    this.#deployment = deployment
    this.#client = clientOf(deployment, {
      ...roles.operator.clients,
      bucketName,
      ...(serializer && { serializer }),
    })
    const runtimeOptions = { logger: quiet, ...options }
    this.#adapter = new SqsAdapter({
      ...awsOptions(deployment),
      ...roles.worker.clients,
      bucketName,
      eventBus: options.eventBus,
      ...runtimeOptions,
      concurrency: 3,
    })
    this.#adapter.start()
  }

  start(request: StartRunRequest): Promise<StartRunResult> {
    return this.#client.start(request)
  }

  /** A message is there, hidden or late, as long as anything is left to do that no event must bring about. */
  async settle(): Promise<void> {
    while ((await this.#messages()) > 0) await sleep(POLL_MS)
  }

  resume(runId: string, request?: ResumeRequest): Promise<ResumeResult> {
    return this.#client.resume(runId, request)
  }

  get(runId: string): ReturnType<Harness['get']> {
    return this.#client.get(runId)
  }

  async stop(): Promise<void> {
    await this.#adapter.stop()
  }

  async #messages(): Promise<number> {
    const { aws, queueUrl } = this.#deployment
    const request = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] })
    const { Attributes: counts = {} } = await aws.clients.sqsClient.send(request)
    const kinds = [
      counts.ApproximateNumberOfMessages,
      counts.ApproximateNumberOfMessagesNotVisible,
      counts.ApproximateNumberOfMessagesDelayed,
    ]
    return kinds.reduce((sum, count) => sum + Number(count ?? 0), 0)
  }
}
