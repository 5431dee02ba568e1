import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { mockClient } from 'aws-sdk-client-mock'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import { type RunStatusChange, StatusEvents } from '../../../lib/core/telemetry/run-status-events.ts'

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
const events = new StatusEvents({ eventBusName: 'runs', client })

describe('StatusEvents', () => {
  it('put the end of a run on the bus, with an id that is the same each time', async () => {
    eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] })

    await events.publish(run)

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

  it.each([
    ['shop', 'shop'],
    ['', undefined],
  ])('name the service of the worker, %j', async (POWERTOOLS_SERVICE_NAME, service) => {
    eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] })
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', POWERTOOLS_SERVICE_NAME)

    await new StatusEvents({ eventBusName: 'runs', client }).publish(run)

    const [call] = eventBridge.commandCalls(PutEventsCommand)
    const detail = JSON.parse(call?.args[0].input.Entries?.[0]?.Detail ?? '') as RunStatusChange
    expect(detail.service).toBe(service)
  })

  it('throw where the bus refused the event without an error of the request', async () => {
    const refused = { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }
    eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [refused] })

    await expect(events.publish(run)).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      message: "EventBridge PutEvents to 'runs' failed: ThrottlingException: slow down",
    })
  })

  it('throw where the request failed', async () => {
    eventBridge.on(PutEventsCommand).rejects(new Error('socket hang up'))

    await expect(events.publish(run)).rejects.toMatchObject({ code: 'REQUEST_FAILED' })
  })
})
