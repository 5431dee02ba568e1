// Lambda's Invoke and EventBridge's PutEvents, as the SDK's clients know them.

import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bundleHandler, startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { eventually, functionOf, moduleFile } from './helpers.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterEach(() => local.intercept(undefined))
afterAll(() => local.stop())

/** Code that stands in this repository, for what the SDK is bundled into. */
const inRepository = async (source: string) => {
  const entry = await moduleFile(source)
  return (await bundleHandler({ entry, external: ['@aws-sdk/*'] })).file
}

async function invoke(FunctionName: string, event?: unknown, more: object = {}) {
  const Payload = event === undefined ? undefined : JSON.stringify(event)
  const answer = await local.clients.lambdaClient.send(new InvokeCommand({ FunctionName, Payload, ...more }))
  return { ...answer, result: JSON.parse(answer.Payload?.transformToString() || 'null') as unknown }
}

describe('Invoke', () => {
  it('gives what the function returns, by whichever of its names', async () => {
    const { name, arn } = await functionOf(local, 'return { got: event }')

    for (const id of [name, arn, `${name}:$LATEST`, `000000000000:function:${name}`]) {
      const { StatusCode, FunctionError, ExecutedVersion, result } = await invoke(id, { a: 'ü' })
      expect({ StatusCode, FunctionError, ExecutedVersion }).toEqual({
        StatusCode: 200,
        FunctionError: undefined,
        ExecutedVersion: '$LATEST',
      })
      expect(result).toEqual({ got: { a: 'ü' } })
    }
    expect((await invoke(name)).result).toEqual({ got: {} })
  })

  it('tells a failure of the function as its result', async () => {
    const { name } = await functionOf(local, "throw new TypeError('bad input')")

    const { StatusCode, FunctionError, result } = await invoke(name, {})

    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: 'Unhandled' })
    expect(result).toMatchObject({ errorType: 'TypeError', errorMessage: 'bad input' })
  })

  it('refuses what it does not know, cannot read or may not run', async () => {
    const { name } = await functionOf(local, '', { maxConcurrency: 0 })

    await expect(invoke('nobody', {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    const Payload = Buffer.from('{')
    await expect(invoke(name, {}, { Payload })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    })
    const large = 'x'.repeat(6 * 1024 * 1024)
    await expect(invoke(name, large)).rejects.toMatchObject({ name: 'RequestTooLargeException' })
    const asked = invoke(name, {})
    await expect(asked).rejects.toMatchObject({ name: 'TooManyRequestsException' })
    expect(await fetch(`${local.endpoints.lambda}/2015-03-31/functions`)).toMatchObject({ status: 404 })
  })

  it('does not wait for an asynchronous invocation, but the end of the local AWS does', async () => {
    await using own = await startLocalAws()
    const body = 'await new Promise((resolve) => setTimeout(resolve, event.ms)); console.log(event.word)'
    const fn = await functionOf(own, body)
    const Payload = JSON.stringify({ ms: 2_000, word: 'done' })

    const asked = { FunctionName: fn.name, Payload, InvocationType: 'Event' } as const
    const { StatusCode } = await own.clients.lambdaClient.send(new InvokeCommand(asked))

    expect(StatusCode).toBe(202)
    expect(fn.logs).toEqual([])
    await own.stop()
    expect(fn.logs).toEqual(['done'])
  })

  it('lets a function invoke another', async () => {
    const { name } = await functionOf(local, 'return event.n + 1')
    const file = await inRepository(`
      import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
      export const handler = async (event) => {
        const command = new InvokeCommand({ FunctionName: event.name, Payload: JSON.stringify({ n: 1 }) })
        return JSON.parse((await new LambdaClient({}).send(command)).Payload.transformToString())
      }`)

    const caller = await local.createFunction({ code: { file } })

    expect(await caller.invoke({ name })).toBe(2)
  })

  it('can be intercepted', async () => {
    const fn = await functionOf(local, 'return 1')
    local.intercept(({ service, count }) => (service === 'lambda' && count === 1 ? 'lose' : 'forward'))

    expect((await invoke(fn.name)).result).toBe(1)

    // The first answer was lost, and the client asked again.
    expect(fn.stats.invocations).toBe(2)
  })
})

describe('PutEvents', () => {
  const entry = { Source: 'shop', DetailType: 'Order', Detail: '{"id":1}' }

  it('keeps events for whoever looks, and counts them', async () => {
    const EventBusName = local.createEventBus()
    local.meter.reset()
    const Time = new Date(Date.UTC(2026, 0, 1))
    const large = { ...entry, EventBusName, Detail: JSON.stringify({ text: 'x'.repeat(65_536) }) }
    const Entries = [{ ...entry, EventBusName, Time, Resources: ['arn:a'] }, large]

    const { FailedEntryCount, Entries: told = [] } = await local.clients.eventBridgeClient.send(
      new PutEventsCommand({ Entries }),
    )

    expect(FailedEntryCount).toBe(0)
    const [first, second] = local.events.filter((event) => event.eventBusName === EventBusName)
    expect(first).toEqual({
      id: told[0]?.EventId,
      eventBusName: EventBusName,
      source: 'shop',
      detailType: 'Order',
      detail: { id: 1 },
      resources: ['arn:a'],
      time: Time,
    })
    expect(second?.id).toBe(told[1]?.EventId)
    expect(local.meter.snapshot().eventbridge).toEqual({
      requests: 1,
      byOperation: { PutEvents: 1 },
      billedEvents: 3,
    })
  })

  it('refuses events one by one', async () => {
    const before = local.events.length
    const Entries = [
      { ...entry, EventBusName: 'nobody' },
      { ...entry, Detail: '[' },
      { ...entry, Source: '' },
      { ...entry, DetailType: '' },
      { ...entry, EventBusName: 'arn:aws:events:us-east-1:000000000000:event-bus/default' },
    ]

    const answer = await local.clients.eventBridgeClient.send(new PutEventsCommand({ Entries }))

    expect(answer.FailedEntryCount).toBe(4)
    expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      'ResourceNotFoundException',
      'MalformedDetail',
      'InvalidArgument',
      'InvalidArgument',
      undefined,
    ])
    expect(local.events.slice(before)).toHaveLength(1)
  })

  it('refuses more than ten at a time', async () => {
    const Entries = Array.from({ length: 11 }, () => entry)
    const sent = local.clients.eventBridgeClient.send(new PutEventsCommand({ Entries }))
    await expect(sent).rejects.toThrow('Entries must have 1 to 10 members; got 11')
  })

  it('takes events of functions', async () => {
    const file = await inRepository(`
      import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
      export const handler = (Entries) => new EventBridgeClient({}).send(new PutEventsCommand({ Entries }))`)
    const fn = await local.createFunction({ code: { file } })

    await fn.invoke([{ ...entry, Detail: '{"from":"a function"}' }])

    await eventually(() => expect(local.events.at(-1)?.detail).toEqual({ from: 'a function' }))
  })
})
