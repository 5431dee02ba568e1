import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EmfTelemetry } from '../../../lib/core/telemetry/emf-telemetry.ts'

const lines: string[] = []
beforeEach(() => {
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'orders')
  // With this Powertools writes by the global console, and, unless told otherwise, nothing.
  vi.stubEnv('POWERTOOLS_DEV', 'true')
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
})
afterEach(() => {
  lines.length = 0
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

interface Emf {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string
      readonly Dimensions: readonly string[][]
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
    }[]
  }
  readonly [name: string]: unknown
}

it('writes what was counted as one line of the embedded metric format', () => {
  const telemetry = new EmfTelemetry('Flowcraft')
  telemetry.runStarted()
  telemetry.nodeEnded(true, 12)
  telemetry.nodeEnded(false, 30)
  telemetry.runEnded('failed')
  telemetry.runPaused()
  telemetry.jobRetried()
  telemetry.messageRejected()

  telemetry.publish()

  expect(lines).toHaveLength(1)
  const line = JSON.parse(lines[0] as string) as Emf
  expect(line).toMatchObject({
    service: 'orders',
    RunsStarted: 1,
    RunsFailed: 1,
    RunsPaused: 1,
    NodesCompleted: 1,
    NodesFailed: 1,
    NodeDuration: [12, 30],
    JobsRetried: 1,
    MessagesRejected: 1,
  })
  const [directive] = line._aws.CloudWatchMetrics
  expect(directive).toMatchObject({ Namespace: 'Flowcraft', Dimensions: [['service']] })
  expect(directive?.Metrics).toContainEqual(
    expect.objectContaining({ Name: 'NodeDuration', Unit: 'Milliseconds' }),
  )
  expect(directive?.Metrics).toContainEqual(expect.objectContaining({ Name: 'RunsFailed', Unit: 'Count' }))
})

it('writes nothing where nothing was counted, and nothing twice', () => {
  const telemetry = new EmfTelemetry('Flowcraft')
  telemetry.publish()
  telemetry.runEnded('running')
  telemetry.publish()
  expect(lines).toEqual([])

  telemetry.runEnded('completed')
  telemetry.publish()
  telemetry.publish()
  expect(lines).toHaveLength(1)
})

it('writes the cost of a run for its service, and for its blueprint in a line of its own', () => {
  const telemetry = new EmfTelemetry('Flowcraft')
  telemetry.runCost('caf\u00e9', 0.25)
  telemetry.publish()

  const [ofBlueprint, ofService] = lines.map((line) => JSON.parse(line) as Emf)
  expect(ofBlueprint).toMatchObject({ service: 'orders', blueprint: 'caf_', RunCost: 0.25 })
  expect(ofBlueprint?._aws.CloudWatchMetrics).toMatchObject([{ Dimensions: [['service', 'blueprint']] }])
  expect(ofService).toMatchObject({ service: 'orders', RunCost: 0.25 })
  expect(ofService?._aws.CloudWatchMetrics).toMatchObject([{ Dimensions: [['service']] }])
})
