// Rules of EventBridge on the local AWS: which events go where, and as what.

import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { DeployOptions, LocalAws, LocalStack } from '../../lib/local/index.ts'
import { eventually, receive } from './helpers.ts'
import { arnOf, assemblyOf, inline, opened, type Written } from './templates.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
afterAll(() => local.stop())

const rule = (Properties: object) => ({ Type: 'AWS::Events::Rule', Properties })
const target = (id: string, more: object = {}) => ({ Id: id, Arn: arnOf(id), ...more })
const ofShop = { source: ['shop'] }
const queue = { Type: 'AWS::SQS::Queue' }
/** Logs what it gets. */
const fn = inline('console.log(JSON.stringify(event))')

async function deploy(
  Resources: Written['Resources'],
  options: Omit<DeployOptions, 'assembly'> = {},
  aws = local,
): Promise<LocalStack> {
  return aws.deploy({ assembly: await assemblyOf({ Stack: { Resources: opened(Resources) } }), ...options })
}

async function put(detail: object, entry: object = {}, aws = local): Promise<void> {
  const entries = [{ Source: 'shop', DetailType: 'Paid', Detail: JSON.stringify(detail), ...entry }]
  const { FailedEntryCount } = await aws.clients.eventBridgeClient.send(
    new PutEventsCommand({ Entries: entries }),
  )
  expect(FailedEntryCount).toBe(0)
}

const ofDetail = (n: number) => [expect.objectContaining({ detail: { n } })]

const gotBy = (stack: LocalStack, id: string): unknown[] =>
  stack.function(id).logs.map((line) => JSON.parse(line) as unknown)

async function bodyIn(stack: LocalStack, id: string): Promise<string> {
  return eventually(async () => {
    const [message] = await receive(local, stack.resources[id]?.ref as string)
    return message?.Body ?? false
  })
}

describe('a rule by pattern', () => {
  it('gives events that match to its functions and queues, and others to none', async () => {
    const stack = await deploy({
      Rule: rule({
        EventPattern: { ...ofShop, detail: { cents: [{ numeric: ['>', 100] }] } },
        Targets: [target('Fn'), target('Queue')],
      }),
      Fn: fn,
      Queue: queue,
    })
    await put({ cents: 5 })
    await put({ cents: 500 }, { Source: 'other' })
    await put({ cents: 501 }, { Time: new Date(Date.UTC(2026, 0, 1)), Resources: ['arn:order'] })

    const body = JSON.parse(await bodyIn(stack, 'Queue')) as object
    expect(body).toEqual({
      version: '0',
      id: local.events.at(-1)?.id,
      'detail-type': 'Paid',
      source: 'shop',
      account: '000000000000',
      time: '2026-01-01T00:00:00Z',
      region: 'us-east-1',
      resources: ['arn:order'],
      detail: { cents: 501 },
    })
    await eventually(() => expect(gotBy(stack, 'Fn')).toEqual([body]))
  })

  it('hears its own bus only, by its name or ARN', async () => {
    const stack = await deploy({
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
      ByName: rule({
        EventBusName: { Ref: 'Bus' },
        Name: 'by-name',
        EventPattern: ofShop,
        Targets: [target('Named')],
      }),
      ByArn: rule({ EventBusName: arnOf('Bus'), EventPattern: ofShop, Targets: [target('Given')] }),
      Default: rule({ EventPattern: ofShop, Targets: [target('Other')] }),
      Named: fn,
      Given: fn,
      Other: fn,
    })
    expect(stack.resources['ByName']).toMatchObject({
      ref: 'orders|by-name',
      attributes: { Arn: 'arn:aws:events:us-east-1:000000000000:rule/orders/by-name' },
    })
    await put({ n: 1 }, { EventBusName: 'orders' })
    await put({ n: 2 })

    await eventually(() => {
      expect(gotBy(stack, 'Named')).toEqual(ofDetail(1))
      expect(gotBy(stack, 'Given')).toEqual(ofDetail(1))
      expect(gotBy(stack, 'Other')).toEqual(ofDetail(2))
    })
  })

  it('gives each target its own input', async () => {
    const InputTransformer = {
      InputPathsMap: { 'detail-id': '$.detail.id' },
      InputTemplate: '"Order <detail-id> is paid, says <aws.events.rule-name>"',
    }
    const stack = await deploy({
      Rule: rule({
        Name: 'told',
        EventPattern: ofShop,
        Targets: [
          target('Constant', { Input: { 'Fn::Sub': '{"region":"${AWS::Region}"}' } }),
          target('Part', { InputPath: '$.detail' }),
          target('Made', { InputTransformer }),
          target('Queue', { InputTransformer }),
        ],
      }),
      Constant: fn,
      Part: fn,
      Made: fn,
      Queue: queue,
    })
    await put({ id: 'a-1' })

    const text = 'Order a-1 is paid, says told'
    await eventually(() => {
      expect(gotBy(stack, 'Constant')).toEqual([{ region: 'us-east-1' }])
      expect(gotBy(stack, 'Part')).toEqual([{ id: 'a-1' }])
      expect(gotBy(stack, 'Made')).toEqual([text])
    })
    // With its quotes, as on AWS.
    expect(await bodyIn(stack, 'Queue')).toBe(`"${text}"`)
  })

  it('is not played while it is disabled', async () => {
    const on = { EventPattern: ofShop, State: 'ENABLED', Targets: [target('On')] }
    const off = { EventPattern: ofShop, State: 'DISABLED', Targets: [target('Off')] }
    const stack = await deploy({ Yes: rule(on), No: rule(off), On: fn, Off: fn })
    await put({})

    await eventually(() => expect(stack.function('On').stats.invocations).toBe(1))
    expect(stack.function('Off').stats.invocations).toBe(0)
  })

  it('may have a rate as well, and delivers to queues by it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const stack = await deploy({
      Rule: rule({
        ScheduleExpression: 'rate(1 minute)',
        EventPattern: ofShop,
        Targets: [target('Queue', { InputPath: '$.detail-type' })],
      }),
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'rate(1 minute)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: arnOf('Scheduled'), Input: 'good morning' },
        },
      },
      Queue: queue,
      Scheduled: queue,
    })
    await put({})
    expect(await bodyIn(stack, 'Queue')).toBe('"Paid"')
    vi.advanceTimersByTime(60_000)
    expect(await bodyIn(stack, 'Queue')).toBe('"Scheduled Event"')
    expect(await bodyIn(stack, 'Scheduled')).toBe('good morning')
  })
})

it('a time of the day is played, with what Scheduler puts into the input', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const daily = { ScheduleExpression: 'cron(30 6 * * ? *)' }
  const scheduled = (Properties: object) => ({
    Type: 'AWS::Scheduler::Schedule',
    Properties: { ...daily, FlexibleTimeWindow: { Mode: 'OFF' }, ...Properties },
  })
  const Input = '{"at":"<aws.scheduler.scheduled-time>","by":"<aws.scheduler.schedule-arn>"}'
  const now = Date.now()
  const stack = await deploy({
    Rule: rule({ ...daily, Targets: [target('Queue', { InputPath: '$.time' })] }),
    Daily: scheduled({ Name: 'daily', GroupName: 'ours', Target: { Arn: arnOf('Fn'), Input } }),
    Off: scheduled({ State: 'DISABLED', Target: { Arn: arnOf('None') } }),
    Over: scheduled({ EndDate: '2020-01-01T00:00:00Z', Target: { Arn: arnOf('None') } }),
    Queue: queue,
    Fn: fn,
    None: fn,
  })
  // Half past six comes within a day, at one time in UTC.
  const next = Math.floor(now / 86_400_000) * 86_400_000 + 23_400_000
  const time = new Date(next > now ? next : next + 86_400_000)
  const clock = vi.spyOn(Date, 'now').mockReturnValue(time.getTime() + 5_000)
  vi.advanceTimersByTime(1_000)
  clock.mockRestore()
  const at = time.toISOString().replace('.000', '')
  expect(await bodyIn(stack, 'Queue')).toBe(`"${at}"`)
  await eventually(() => expect(stack.function('Fn').logs).toHaveLength(1))
  expect(gotBy(stack, 'Fn')).toEqual([
    { at, by: 'arn:aws:scheduler:us-east-1:000000000000:schedule/ours/daily' },
  ])
  expect(stack.function('None').stats.invocations).toBe(0)
})

describe('what goes wrong', () => {
  const topic = 'arn:aws:sns:us-east-1:000000000000:people'
  const gone = 'arn:aws:sqs:us-east-1:000000000000:gone'
  const only = 'gets nothing: the local AWS delivers to its own functions and queues only'

  it('with targets that are not played is told once, and the others get theirs', async () => {
    const onLog = vi.fn()
    const stack = await deploy(
      {
        Rule: rule({
          EventPattern: ofShop,
          Targets: [{ Id: 'Topic', Arn: topic }, { Id: 'Gone', Arn: gone }, target('Fn')],
        }),
        Fn: fn,
      },
      { onLog },
    )
    await put({})
    await put({})

    await eventually(() => expect(gotBy(stack, 'Fn')).toHaveLength(2))
    expect(onLog.mock.calls.filter(([, id]) => id === 'Rule')).toEqual([
      [`the target ${topic} ${only}`, 'Rule'],
      [`the target ${gone} ${only}`, 'Rule'],
    ])
  })

  it('goes to the console without onLog', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    await deploy({ Rule: rule({ EventPattern: ofShop, Targets: [{ Id: 'Topic', Arn: topic }] }) })
    expect(warn.mock.calls).toEqual([[`Rule: the target ${topic} ${only}`]])
  })

  it('with an input is told each time', async () => {
    const onLog = vi.fn()
    const InputTransformer = {
      InputPathsMap: { why: '$.detail.why' },
      InputTemplate: '"Failed: <why>"',
    }
    const stack = await deploy(
      { Rule: rule({ EventPattern: ofShop, Targets: [target('Fn', { InputTransformer })] }), Fn: fn },
      { onLog },
    )
    await put({ why: 'a "quoted" word' })
    await put({ why: 'none' })

    await eventually(() => expect(gotBy(stack, 'Fn')).toEqual(['Failed: none']))
    expect(onLog.mock.calls.filter(([, id]) => id === 'Rule')).toEqual([
      [
        `cannot deliver to ${stack.function('Fn').arn}: a function takes JSON, and EventBridge does not escape what it puts into a text; got "Failed: a "quoted" word"`,
        'Rule',
      ],
    ])
  })

  it('in a function is in its log and counts', async () => {
    const onLog = vi.fn()
    const stack = await deploy(
      {
        Rule: rule({ EventPattern: ofShop, Targets: [target('Fn')] }),
        Fn: inline("throw new Error('not today')"),
      },
      { onLog },
    )
    await put({})

    await eventually(() => expect(stack.function('Fn').stats.errors).toBe(1))
    expect(onLog.mock.calls.filter(([, id]) => id === 'Rule')).toEqual([])
  })

  it.each([
    [{ EventPattern: { source: 'shop' } }, 'source must be a list or an object; got "shop"'],
    [
      { EventPattern: ofShop, EventBusName: 'nobodys' },
      'event bus nobodys does not exist here, only default',
    ],
    [
      { EventPattern: ofShop, Targets: [{ Id: 'T', Arn: topic, Input: '1', InputPath: '$' }] },
      'a target has one of Input, InputPath and InputTransformer; got Input, InputPath',
    ],
  ])('with a rule that AWS refuses is an error: %j', async (properties, message) => {
    await expect(deploy({ Rule: rule(properties) })).rejects.toThrow(
      'cannot make Rule, an AWS::Events::Rule: ',
    )
    await expect(deploy({ Rule: rule(properties) })).rejects.toThrow(message)
  })
})

it('what is on its way when the local AWS stops arrives', async () => {
  await using own = await startLocalAws()
  const stack = await deploy(
    { Rule: rule({ EventPattern: ofShop, Targets: [target('Fn')] }), Fn: fn },
    {},
    own,
  )
  await put({}, {}, own)
  await own.stop()
  expect(gotBy(stack, 'Fn')).toHaveLength(1)
})
