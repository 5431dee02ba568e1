// The construct, synthesised and run here: what a project deploys does on this computer what it does on AWS.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { ContextAttribute, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  FlowcraftService,
  RunStatusEvent,
  RunWaitingEvent,
  StartRunTarget,
} from '../../../lib/constructs/index.ts'
import { RunClient, runEventNames } from '../../../lib/index.ts'
import type { RunEventDetail, RunStatusChange, StartRunResult } from '../../../lib/index.ts'
import { bundleHandler, startLocalAws } from '../../../lib/local/index.ts'
import type { LocalAws, LocalEvent, LocalStack } from '../../../lib/local/index.ts'
import { runsContract } from '../../client/runs.contract.ts'
import { eventually, receive } from '../helpers.ts'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

let folder: string
let aws: LocalAws
let stack: LocalStack
let client: RunClient
/** What the clock of the hourly schedule would do. */
let hourIsOver: () => void

/** An app with the service, a caller that may start runs, and what a client outside must know. */
async function synthesise(outdir: string): Promise<string> {
  const { file: callerFile } = await bundleHandler({ entry: file('caller.ts') })
  const app = new App({ outdir, analyticsReporting: false, stackTraces: false, treeMetadata: false })
  const own = new Stack(app, 'Shop')
  const flows = new FlowcraftService(own, 'Flows', {
    entry: file('worker.ts'),
    startRunHandler: 'startRun',
    webhook: {},
    runEvents: runEventNames,
  })
  const caller = new Function(own, 'Caller', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'caller.handler',
    code: Code.fromAsset(dirname(callerFile)),
  })
  flows.grantStartRun(caller)
  startByEvents(own, flows)
  flows.schedule('Hourly', {
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    blueprintId: 'payment',
    input: { until: ContextAttribute.scheduledTime, kind: 'hourly' },
    labels: { by: 'schedule' },
  })
  const outputs = {
    ...tellEnds(own, flows),
    ...askForPayments(own, flows),
    CallerName: caller.functionName,
    StartRunName: flows.startRun.function.functionName,
    SweepName: flows.sweep.function.functionName,
    DeadLetterQueueUrl: flows.jobs.deadLetterQueue!.queueUrl,
    EventBusName: flows.eventBus!.eventBusName,
  }
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(own, name, { value })
  return app.synth().directory
}

/** Rules by which events of a shop start runs. */
function startByEvents(own: Stack, flows: FlowcraftService): void {
  const bought = new Rule(own, 'Bought', { eventPattern: { source: ['shop'], detailType: ['Bought'] } })
  bought.addTarget(new StartRunTarget(flows, { blueprintId: 'payment' }))
  const shipped = new Rule(own, 'Shipped', { eventPattern: { source: ['shop'], detailType: ['Shipped'] } })
  shipped.addTarget(
    new StartRunTarget(flows, {
      blueprintId: 'payment',
      runId: `shipped-${EventField.fromPath('$.detail.id')}`,
      input: RuleTargetInput.fromObject({ parcel: EventField.fromPath('$.detail.parcel'), by: 'rule' }),
      labels: { order: EventField.fromPath('$.detail.id') },
    }),
  )
}

/** Rules for runs that wait for a payment: a function hears of each, and a run reminds of it. */
function askForPayments(own: Stack, flows: FlowcraftService): Record<string, string> {
  const asker = new Function(own, 'Asker', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async (event) => console.log(JSON.stringify(event))'),
  })
  const { id, runId, nodeId } = RunWaitingEvent
  const input = RuleTargetInput.fromObject({ runId, nodeId })
  const payment = { blueprintId: 'payment', nodeId: 'payment' }
  flows.onRunWaiting('Ask', { ...payment, target: new LambdaFunction(asker) })
  const target = new StartRunTarget(flows, { blueprintId: 'reminder', runId: id, input })
  flows.onRunWaiting('Remind', { ...payment, target })
  return { AskerName: asker.functionName }
}

/** Rules for the ends of runs: a function hears of those that completed, a queue of each, a function of those that failed. */
function tellEnds(own: Stack, flows: FlowcraftService): Record<string, string> {
  const mailerOf = (id: string) =>
    new Function(own, id, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async (event) => console.log(JSON.stringify(event))'),
    })
  const { runId, status, errors, blueprintId, service } = RunStatusEvent
  const told = mailerOf('Told')
  const event = RuleTargetInput.fromObject({
    runId,
    status,
    errors,
    by: service,
    text: `Run ${runId} is paid`,
  })
  flows.onRunCompleted('Paid', { blueprintId: 'payment', target: new LambdaFunction(told, { event }) })
  const failures = mailerOf('Failures')
  flows.onRunFailed('Unpaid', { target: new LambdaFunction(failures) })
  const ends = new Queue(own, 'Ends')
  const message = RuleTargetInput.fromText(`Run ${runId} of ${blueprintId} ${status}`)
  flows.onRunStatusChange('Ended', { target: new SqsQueue(ends, { message }) })
  return {
    ToldName: told.functionName,
    FailuresName: failures.functionName,
    EndsUrl: ends.queueUrl,
    ServiceName: flows.serviceName,
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-service-test-'))
  aws = await startLocalAws()
  const assembly = await synthesise(join(folder, 'cdk.out'))
  const timers = vi.spyOn(globalThis, 'setInterval')
  stack = await aws.deploy({ assembly, stackName: 'Shop' })
  hourIsOver = timers.mock.calls.find(([, ms]) => ms === 3_600_000)![0] as () => void
  timers.mockRestore()
  client = new RunClient(stack.connection())
}, 120_000)
afterAll(async () => {
  await aws?.stop()
  await rm(folder, { recursive: true })
})

/** Waits until a run waits for its payment, and gives the URL where it is paid. */
async function pageOf(runId: string): Promise<string> {
  return eventually(async () => {
    const { context, waiting } = await client.get(runId)
    const page = context['page'] as { url: string } | undefined
    return page !== undefined && waiting?.length === 1 && page.url
  })
}

const isOfOrder = ({ detailType, detail }: LocalEvent) =>
  detailType === 'Flowcraft Run Status Change' && (detail as RunStatusChange).runId === 'order-1'

/** Of the events of this type that told of a run. */
function detailsOf(runId: string, type: string): RunEventDetail[] {
  const all = aws.events.filter(({ detailType }) => detailType === type)
  return all.map(({ detail }) => detail as RunEventDetail).filter((detail) => detail.runId === runId)
}

runsContract('of a deployed local stack', () => client)

describe('a synthesised service', () => {
  it('is reached by what its functions were told', () => {
    const { queueUrl, tableName, bucketName, deadLetterQueueUrl } = stack.connection()
    const refs = Object.values(stack.resources).map(({ ref }) => ref)

    expect(refs).toEqual(expect.arrayContaining([queueUrl, tableName, bucketName, deadLetterQueueUrl]))
    expect(() => stack.connection('CallerName')).toThrow("was told of a service's queue and table")
  })

  it('starts a run for a function that may, resumes it by its webhook and tells its end', async () => {
    const request = { blueprintId: 'payment', runId: 'order-1' }
    const started = (await stack.function('CallerName').invoke(request)) as StartRunResult
    expect(started).toMatchObject({ runId: 'order-1', created: true })

    const url = await pageOf('order-1')
    const headers = { 'content-type': 'application/json' }
    const paid = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ cents: 1_250 }) })
    expect(paid.status).toBe(202)

    const { status, context } = await client.waitFor('order-1')
    expect({ status, settle: context['settle'] }).toEqual({ status: 'completed', settle: 'paid 1250' })
    const event = await eventually(() => aws.events.find(isOfOrder) ?? false)
    expect(event.eventBusName).toBe(stack.output('EventBusName'))
    expect(event.detail as RunStatusChange).toMatchObject({ status: 'completed' })
    expect((await fetch(url, { method: 'POST' })).status).toBe(410)
  })

  it('starts a run for each event of a rule, once', async () => {
    const put = (DetailType: string, detail: object) =>
      aws.clients.eventBridgeClient.send(
        new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType, Detail: JSON.stringify(detail) }] }),
      )
    await put('Bought', { cents: 5 })
    const { id } = aws.events.findLast(({ source }) => source === 'shop')!
    const bought = await eventually(() => client.get(`payment:${id}`).catch(() => false as const))
    expect(bought.context['cents']).toBe(5)

    // The same from a sender that sends it twice.
    const startRun = stack.function('StartRunName')
    const before = startRun.stats.invocations
    await put('Shipped', { id: 'A-17', parcel: { grams: 3 } })
    await put('Shipped', { id: 'A-17', parcel: { grams: 3 } })
    await eventually(() => expect(startRun.stats.invocations).toBe(before + 2))
    const { context, labels } = await eventually(() => client.get('shipped-A-17').catch(() => false as const))
    expect({ parcel: context['parcel'], by: context['by'], labels }).toEqual({
      parcel: { grams: 3 },
      by: 'rule',
      labels: { order: 'A-17' },
    })
    expect(startRun.stats.errors).toBe(0)
    const runs = await client.list({ label: { order: 'A-17' } })
    expect(runs.runs.map(({ runId }) => runId)).toEqual(['shipped-A-17'])
  })

  it('starts a run at each occurrence of a schedule, which its id says', async () => {
    hourIsOver()
    const run = await eventually(async () => {
      const { runs } = await client.list({ label: { by: 'schedule' } })
      return runs[0] ?? false
    })
    const { context } = await client.get(run.runId)
    expect(run.runId).toMatch(/^Shop-Flows-Hourly-[0-9a-f]{8}:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(context['kind']).toBe('hourly')
    expect(run.runId.endsWith(`:${String(context['until'])}`)).toBe(true)
    // Delivered again.
    const input = { until: context['until'], kind: 'hourly' }
    const again = { blueprintId: 'payment', runId: run.runId, input, labels: { by: 'schedule' } }
    expect(await stack.function('StartRunName').invoke(again)).toMatchObject({ created: false })
  })

  it('tells the end of a run by its rules, with the input that they make', async () => {
    await client.start({ blueprintId: 'payment', runId: 'order-2' })
    const headers = { 'content-type': 'application/json' }
    await fetch(await pageOf('order-2'), { method: 'POST', headers, body: '{"cents":1}' })

    const told = stack.function('ToldName')
    const line = await eventually(() => told.logs.find((text) => text.includes('order-2')) ?? false)
    expect(JSON.parse(line)).toEqual({
      runId: 'order-2',
      status: 'completed',
      errors: 0,
      by: stack.output('ServiceName'),
      text: 'Run order-2 is paid',
    })
    const texts = new Set<string>()
    await eventually(async () => {
      for (const { Body = '' } of await receive(aws, stack.output('EndsUrl'))) texts.add(Body)
      return texts.has('"Run order-2 of payment completed"')
    })
    expect(stack.function('FailuresName').logs.filter((text) => text.includes('order-2'))).toEqual([])
  })

  it('asks by its rules when a run waits, and starts a run that reminds, once', async () => {
    await client.start({ blueprintId: 'payment', runId: 'order-3', labels: { order: 'A-3' } })

    const asker = stack.function('AskerName')
    const line = await eventually(() => asker.logs.find((text) => text.includes('order-3')) ?? false)
    expect(JSON.parse(line)).toMatchObject({
      source: 'flowcraft',
      'detail-type': 'Flowcraft Run Waiting',
      detail: {
        id: 'order-3:waiting:1.1',
        runId: 'order-3',
        blueprintId: 'payment',
        nodeId: 'payment',
        iteration: 1,
        reason: 'webhook',
        eventName: 'webhook:page',
        actions: [],
        labels: { order: 'A-3' },
        service: stack.output('ServiceName'),
      },
    })
    // The URL is a secret of whoever is to pay.
    expect(line).not.toContain((await pageOf('order-3')).split('/').at(-1))
    const reminder = await eventually(() => client.get('order-3:waiting:1.1').catch(() => false as const))
    expect((await client.waitFor(reminder.runId)).context['remind']).toBe('payment of order-3 waits')
  })

  it('tells that runs start, and are redriven, by whom and why', async () => {
    await client.start({ blueprintId: 'mends', runId: 'm', input: { what: 'the mast' } })
    await client.waitFor('m')
    await client.redrive('m', { set: { mended: true }, by: 'ada', reason: 'a new mast' })
    expect((await client.waitFor('m')).status).toBe('completed')

    expect(detailsOf('m', 'Flowcraft Run Started')).toContainEqual(
      expect.objectContaining({ id: 'm:started' }),
    )
    await eventually(() =>
      expect(detailsOf('m', 'Flowcraft Run Redriven')).toContainEqual(
        expect.objectContaining({
          id: 'm:redriven:1',
          operation: 'redrive',
          by: 'ada',
          reason: 'a new mast',
          nodes: ['mend'],
        }),
      ),
    )
  })

  it("refuses a flow that the worker's file does not have, by the StartRun of that file", async () => {
    const asked = stack.function('CallerName').invoke({ blueprintId: 'nope' })
    await expect(asked).rejects.toMatchObject({ errorMessage: expect.stringContaining("'nope'") })
  })

  it('takes a job out of the dead-letter queue, by the sweep', async () => {
    const job = JSON.stringify({ runId: 'lost', blueprintId: 'payment', nodeId: 'page' })
    const QueueUrl = stack.output('DeadLetterQueueUrl')
    await aws.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: job }))

    expect(await stack.function('SweepName').invoke({})).toMatchObject({ returned: 1 })

    expect(await pageOf('lost')).toContain('/lost/')
  })
})
