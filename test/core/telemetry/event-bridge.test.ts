import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { mockClient } from 'aws-sdk-client-mock'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { PRICES } from '../../../lib/core/common/prices.ts'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import { EventBridgeBus } from '../../../lib/core/telemetry/event-bridge.ts'
import type { RunStatusChange } from '../../../lib/core/telemetry/run-event-details.ts'
import { endedEvent, startedEvent } from '../../../lib/core/telemetry/run-events.ts'

const client = new EventBridgeClient({ region: 'us-east-1' })
const eventBridge = mockClient(client)
afterEach(() => {
  eventBridge.reset()
  vi.unstubAllEnvs()
})

const run = {
  runId: 'r1',
  blueprintId: 'order',
  status: 'failed',
  errors: 2,
  startedAt: Date.UTC(2026, 0, 1),
  endedAt: Date.UTC(2026, 0, 2),
  parent: { runId: 'p', blueprintId: 'parent', nodeId: 'n', iteration: 1 },
} as unknown as RunState
const chosen = new Set(['ended' as const])
const bus = new EventBridgeBus({ eventBusName: 'runs', chosen, client })
const accepted = { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] }

describe('EventBridgeBus', () => {
  it('puts the end of a run on the bus, with an id that is the same each time', async () => {
    eventBridge.on(PutEventsCommand).resolves(accepted)

    await bus.publish(endedEvent(run, PRICES))

    const [call] = eventBridge.commandCalls(PutEventsCommand)
    const [entry] = call?.args[0].input.Entries ?? []
    expect(entry).toMatchObject({
      EventBusName: 'runs',
      Source: 'flowcraft',
      DetailType: 'Flowcraft Run Status Change',
      Time: new Date(run.endedAt as number),
    })
    expect(JSON.parse(entry?.Detail ?? '')).toEqual({
      id: 'r1:failed',
      runId: 'r1',
      blueprintId: 'order',
      status: 'failed',
      errors: 2,
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-02T00:00:00.000Z',
      parentRunId: 'p',
    })
  })

  it('gives other events the time at which they come', async () => {
    eventBridge.on(PutEventsCommand).resolves(accepted)

    await bus.publish(startedEvent(run))

    const [call] = eventBridge.commandCalls(PutEventsCommand)
    const [entry] = call?.args[0].input.Entries ?? []
    expect(entry).toEqual({
      EventBusName: 'runs',
      Source: 'flowcraft',
      DetailType: 'Flowcraft Run Started',
      Detail: JSON.stringify(startedEvent(run).detail),
    })
  })

  it.each([
    ['shop', 'shop'],
    ['', undefined],
  ])('names the service of the worker, %j', async (POWERTOOLS_SERVICE_NAME, service) => {
    eventBridge.on(PutEventsCommand).resolves(accepted)
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', POWERTOOLS_SERVICE_NAME)

    await new EventBridgeBus({ eventBusName: 'runs', chosen, client }).publish(endedEvent(run, PRICES))

    const [call] = eventBridge.commandCalls(PutEventsCommand)
    const detail = JSON.parse(call?.args[0].input.Entries?.[0]?.Detail ?? '') as RunStatusChange
    expect(detail.service).toBe(service)
  })

  it('throws where the bus refused the event without an error of the request', async () => {
    const refused = { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }
    eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [refused] })

    await expect(bus.publish(endedEvent(run, PRICES))).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      message: "EventBridge PutEvents to 'runs' failed: ThrottlingException: slow down",
    })
  })

  it('throws where the request failed', async () => {
    eventBridge.on(PutEventsCommand).rejects(new Error('socket hang up'))

    await expect(bus.publish(endedEvent(run, PRICES))).rejects.toMatchObject({ code: 'REQUEST_FAILED' })
  })
})
