/**
 * Every conformance case over real queues and tables, while requests fail before or after they are applied or take
 * long, workers die, and each message is worked on twice at once: it ends as in memory. FAULTS_SEED gives the same
 * faults again, as far as real time allows.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Message } from '@aws-sdk/client-sqs'
import type { NodeDefinition } from 'flowcraft'
import { describe, it } from 'vitest'
import { messageOf } from '../../lib/core/common/errors.ts'
import { Isolation } from '../../lib/core/execution/isolation.ts'
import { retriesByQueue } from '../../lib/core/execution/retry-policy.ts'
import { RunClient, SqsAdapter, stateTable } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import type { ConformanceCase } from '../conformance/case.ts'
import { cases } from '../conformance/cases.ts'
import { scaleCases } from '../conformance/cases/scale-cases.ts'
import { describedOutcome, type Outcome } from '../conformance/outcome.ts'
import { Random } from '../simulation/random.ts'
import { subjectOf } from '../simulation/simulate.ts'
import { quietAws } from '../support/each-deployment.ts'
import { awsOptions, type TestDeployment } from '../support/service.ts'
import { depth, giveBack, jobOf, quiet, receive, remove } from './driver.ts'
import { FaultyWorkers, TROUBLE } from './faulty-workers.ts'

const SEED = Number(process.env['FAULTS_SEED'] ?? 1)
const FAULTS_AT_MOST = 6
/** Whoever may die has no more time than this, so that its lease ends soon. */
const MORTAL_MS = 200
/** Goes on inline for as long as more than 5 s are left. */
const IMMORTAL_MS = 6_000
const COPIES = 2
/** A message that is left comes back after this. */
const BACK_MS = 1_000

/** Timers take as long here as they say, and hundreds of nodes or megabytes twice over need minutes. */
const takesLong = ({ name, make }: ConformanceCase) => {
  const { blueprint, blueprints = [] } = make()
  return (
    /\bsleeps?\b|a batch of 250|a loop of 200/.test(name) ||
    scaleCases.some((other) => other.name === name) ||
    [blueprint, ...blueprints].some(({ nodes }) => nodes.some(takesItsTime))
  )
}

const takesItsTime = ({ uses, params, config }: NodeDefinition) =>
  uses === 'sleep' ||
  (uses === 'wait' && (params?.['timeout'] ?? config?.timeout) !== undefined) ||
  retriesByQueue(config)

/** Whoever counts in a closure counts the faults' executions as well. */
const remembersMore = ({ notSimulated = '' }: ConformanceCase) => notSimulated.includes('remember more')

let aws: LocalAws

quietAws((made) => (aws = made))

async function deploy(): Promise<TestDeployment> {
  // A message comes back for as long as a dead worker's lease lasts.
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ maxReceiveCount: 1_000 })
  const tableName = await aws.createTable(stateTable.createInput(`state-${crypto.randomUUID()}`))
  return { aws, queueUrl, deadLetterQueueUrl, tableName }
}

/** Works on messages until none is left. */
async function drain(
  deployment: TestDeployment,
  makeAdapter: () => SqsAdapter,
  workers: FaultyWorkers,
  random: Random,
): Promise<void> {
  // Who dies takes nobody along, as it would who waits for the same request in the same process.
  const idle: SqsAdapter[] = []
  const once = async (message: Message): Promise<boolean> => {
    const mortal = random.chance(0.4)
    const end = Date.now() + (mortal ? MORTAL_MS : IMMORTAL_MS)
    const adapter = idle.pop() ?? makeAdapter()
    try {
      const invocation = { deadline: () => end, extendsLease: false }
      const result = await workers.employ(mortal, () => adapter.process(jobOf(message), invocation))
      if (result) idle.push(adapter)
      return result?.kind === 'acknowledge'
    } catch (error) {
      idle.push(adapter)
      if (!messageOf(error).includes(TROUBLE)) throw error
      return false
    }
  }
  for (;;) {
    const messages = await receive(deployment)
    if (messages.length === 0 && (await depth(deployment, deployment.queueUrl)).hidden === 0) return
    await Promise.all(
      messages.map(async (message) => {
        const done = await Promise.all(Array.from({ length: COPIES }, () => once(message)))
        if (done.includes(true)) return remove(deployment, message)
        await sleep(BACK_MS)
        return giveBack(deployment, message)
      }),
    )
  }
}

/** The run that waits: the run itself, or the child that it waits for, or that one's. */
async function waitingRun(client: RunClient, runId: string): Promise<string> {
  const { waiting } = await client.get(runId)
  const child = waiting?.find(({ childRunId }) => childRunId)?.childRunId
  return child === undefined ? runId : waitingRun(client, child)
}

/** What went wrong: requests fail, workers die, messages come twice. */
async function underFaults(theCase: ConformanceCase, seed: number): Promise<string[]> {
  const random = new Random(seed)
  const { name, make } = theCase
  const { expected, shown = (outcome: Outcome) => outcome } = await subjectOf(theCase)
  const { blueprint, registry, blueprints = [], options, input, events = [] } = make()
  const deployment = await deploy()
  const workers = new FaultyWorkers({ aws, random, faultsAtMost: FAULTS_AT_MOST })
  try {
    const all = Object.fromEntries([blueprint, ...blueprints].map((one) => [one.id, one]))
    const runtimeOptions = { logger: quiet, ...options, blueprints: all, registry }
    // Each stands for a process.
    const makeAdapter = () =>
      new SqsAdapter({
        ...awsOptions(deployment),
        ...workers.clients,
        ...runtimeOptions,
        isolation: new Isolation(Date.now),
      })
    const client = new RunClient({ ...awsOptions(deployment), serializer: options?.serializer })
    const { runId } = await client.start({ blueprintId: blueprint.id, input })
    await drain(deployment, makeAdapter, workers, random)
    for (const event of events) {
      await client.resume(await waitingRun(client, runId), event)
      await drain(deployment, makeAdapter, workers, random)
    }
    const described = describedOutcome(blueprint, await client.get(runId))
    // How often anything ran is the faults' doing.
    const got = shown({ ...described, executions: {}, calls: {} })
    const wanted = { ...expected, executions: {}, calls: {} }
    const dead = (await depth(deployment, deployment.deadLetterQueueUrl)).visible
    const where = `${name}, seed ${seed}, after ${workers.faults.join(', ') || 'no fault'}`
    if (dead > 0) return [`${where}: ${dead} dead letters`]
    if (isDeepStrictEqual(got, wanted)) return []
    return [`${where}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`]
  } finally {
    workers.destroy()
  }
}

describe.concurrent('under faults, ending as in memory:', { timeout: 900_000 }, () => {
  const faulty = cases.filter((one) => !takesLong(one) && !remembersMore(one))
  for (const [index, one] of faulty.entries()) {
    it(one.name, async ({ expect }) => {
      expect(await underFaults(one, SEED + index)).toEqual([])
    })
  }
})
