/**
 * IAM by the letter: what a deployed service does is done here by its synthesised template, each function in the name of its
 * role. A permission that is missing is refused, and one that nothing needed is listed.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAws, type LocalStack, startLocalAws } from '../../lib/local/index.ts'
import type { ForkResult, RunDescription, StartManyResult, StartRunResult } from '../../lib/index.ts'
import { type Clients, invoke, type Outputs } from '../deploy/deployment.ts'
import { branchesAndValues, deadLettersAndSweep, seenByReader, startAndWait } from '../deploy/exercise.ts'
import { holdBlueprint, operated, releaseBlueprint } from '../deploy/operated.ts'
import { type Exercise, large } from '../deploy/part.ts'
import { Service } from '../deploy/service.ts'
import { Steps } from '../deploy/steps.ts'
import type { Target } from '../deploy/target.ts'
import { eventually } from './driver.ts'

let folder: string
let aws: LocalAws
let stack: LocalStack
let exercise: Exercise

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-permissions-'))
  aws = await startLocalAws()
  stack = await aws.deploy({ assembly: await synthesise('test/deploy/app/app.ts', folder) })
  exercise = exerciseOf(stack)
}, 300_000)
afterAll(async () => {
  await aws?.stop()
  await rm(folder, { recursive: true })
})

/** As the CDK's CLI runs an app. */
async function synthesise(app: string, out: string): Promise<string> {
  const context = { stackName: 'Service', schedule: 'rate(365 days)', entry: 'test/deploy/app/worker.ts' }
  const env = { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context) }
  await promisify(execFile)('npx', ['tsx', app], { env })
  return out
}

function exerciseOf({ outputs }: LocalStack): Exercise {
  const { dynamoDbClient, eventBridgeClient, lambdaClient, s3Client, sqsClient } = aws.clients
  const clients = {
    dynamoDb: dynamoDbClient,
    eventBridge: eventBridgeClient,
    lambda: lambdaClient,
    s3: s3Client,
    sqs: sqsClient,
  } as Clients
  const target = {
    isEmulator: true,
    post: async (url: string, body: string) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(url, { method: 'POST', headers, body })
      return { statusCode: answer.status, body: await answer.text() }
    },
  } as Target
  const options = { target, clients, outputs: outputs as unknown as Outputs, patienceMs: 120_000 }
  return {
    ...options,
    steps: new Steps({ prints: false }),
    invokesSweep: true,
    service: new Service(options),
    paid: 'order-paid',
    declined: 'order-declined',
  }
}

/** Starts by a schedule's role, by a rule, and many at a time. */
async function startedByOthers({ service, outputs }: Exercise): Promise<void> {
  const { arn, roleArn, input } = JSON.parse(outputs.ScheduleTarget) as Record<
    'arn' | 'roleArn' | 'input',
    string
  >
  const scheduler = aws.createRole({ name: roleArn.split('/')[1] ?? '' }).clients.lambdaClient
  const Payload = input.replaceAll('<aws.scheduler.scheduled-time>', '2026-11-27T01:00:00Z')
  const { Payload: answer } = await scheduler.send(new InvokeCommand({ FunctionName: arn, Payload }))
  const { runId } = JSON.parse(Buffer.from(answer ?? []).toString()) as StartRunResult
  await service.completed(runId)

  const entry = { Source: 'deploy.test', DetailType: 'Arrival', Detail: JSON.stringify({ guest: 'Ada' }) }
  const { Entries: [put] = [] } = await aws.clients.eventBridgeClient.send(
    new PutEventsCommand({ Entries: [entry] }),
  )
  await eventually(() => service.isThere(`greeting:${put?.EventId}`))
  await service.completed(`greeting:${put?.EventId}`)

  const late = await service.start({ blueprintId: 'greeting', input: { name: 'Ada' }, delayMs: 100 })
  const many = [{ blueprintId: 'greeting', input: { name: 'Ada' } }]
  const { results } = await service.operate<StartManyResult>('startMany', many)
  for (const one of [late, ...results]) await service.completed(String(one.runId))
}

/** A name or an ARN by the logical ids of the template. */
function inTemplate(name: string): string {
  let text = name
  // A name may be part of another one.
  const all = Object.entries(stack.resources).toSorted(([, a], [, b]) => b.ref.length - a.ref.length)
  for (const [id, { ref, attributes }] of all) {
    const arn = attributes['Arn'] ?? ref
    text = text.replaceAll(arn, id).replaceAll(ref, id)
  }
  return text
    .replaceAll(/[0-9A-F]{8}|^arn:aws:local:::|\.Arn$/g, '')
    .replaceAll(/^Flows|(Service)?Role$/g, '')
}

const ofHeld = (body: unknown): boolean => JSON.stringify(body).includes('"H#')

/** A sweep ends what whoever unpaused a blueprint began; a process that has read nothing yet reads packs; values may be gone. */
async function rarely({ service, outputs, clients }: Exercise): Promise<void> {
  await service.operate('pauseBlueprint', 'held', { by: 'Ada' })
  aws.intercept(({ operation, body }) => (operation === 'Query' && ofHeld(body) ? 'reject' : 'forward'))
  await service.operate('unpauseBlueprint', 'held').catch(() => {})
  aws.intercept(undefined)
  await invoke(clients, outputs.SweepFunctionName, {})

  const { runId } = await service.start({ blueprintId: 'book' })
  await service.seen(runId, 'awaiting')
  stack.function(outputs.WorkerFunctionName).kill()
  await service.operate('resume', runId, { nodeId: 'print' })
  await service.completed(runId)

  const cargo = await service.start({
    blueprintId: 'cargo',
    input: { characters: 2_000_000, label: large() },
  })
  await service.completed(cargo.runId)
  const Bucket = outputs.BucketName
  const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket }))
  for (const { Key } of Contents) await clients.s3.send(new DeleteObjectCommand({ Bucket, Key }))
  expect((await service.read<RunDescription>('get', cargo.runId)).lost).not.toEqual([])
  expect((await service.operate<RunDescription>('get', cargo.runId)).lost).not.toEqual([])
  stack.function(outputs.WorkerFunctionName).kill()
  const failed = await service.operate<ForkResult>('fork', cargo.runId, { nodes: ['weigh'] })
  await service.seen(failed.runId, 'failed')
}

/**
 * What nothing needs here, and why a role has it all the same. What is new in this list is either too much, or wants a step
 * that needs it.
 */
const UNNEEDED: Readonly<Record<string, string>> = {
  'logs:CreateLogStream':
    'Lambda writes what a function prints by its role; nobody asks the local AWS for it',
  'logs:PutLogEvents': 'as CreateLogStream',
}

describe('the exercise of a deployed service, by the roles of its template', () => {
  it(
    'is refused only what a reader may not do, and needs each permission but those that are listed',
    { timeout: 900_000 },
    async () => {
      const started = Date.now()
      await startAndWait(exercise)
      await holdBlueprint(exercise)
      await branchesAndValues(exercise)
      await startedByOthers(exercise)
      await deadLettersAndSweep(exercise)
      await operated(exercise)
      await releaseBlueprint(exercise)
      await seenByReader(exercise, started)
      await rarely(exercise)

      const refused = aws.permissions.refusals.map(({ role, action }) => `${inTemplate(role)}: ${action}`)
      expect([...new Set(refused)]).toEqual(['Reader: dynamodb:PutItem'])
      const uses = aws.permissions.uses()
      const idle = uses.filter(({ needed }) => needed === 0)
      const named = idle.flatMap(({ role, action, resource }) =>
        action in UNNEEDED ? [] : `${inTemplate(role)}: ${action} on ${inTemplate(resource)}`,
      )
      expect(named).toEqual([])
      expect(uses.length - idle.length).toBeGreaterThan(40)
    },
  )
})
