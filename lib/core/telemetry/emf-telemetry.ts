/** Metrics as lines of the log (CloudWatch's embedded metric format), by Powertools: no request, no permission. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { RunStatus } from '../protocol/run-state.ts'
import { dimensionOf, metricNames } from './names.ts'
import type { Telemetry } from './telemetry.ts'

const { metrics: names } = metricNames

const ENDS: Record<Exclude<RunStatus, 'running'>, string> = {
  completed: names.runsCompleted,
  failed: names.runsFailed,
  cancelled: names.runsCancelled,
}

/** The dimension `service` is POWERTOOLS_SERVICE_NAME. */
export class EmfTelemetry implements Telemetry {
  readonly isOn = true
  readonly #metrics: Metrics

  constructor(namespace: string) {
    this.#metrics = new Metrics({
      namespace,
      serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'flowcraft',
    })
  }

  runStarted(): void {
    this.#count(names.runsStarted)
  }

  runPaused(): void {
    this.#count(names.runsPaused)
  }

  runEnded(status: RunStatus): void {
    if (status !== 'running') this.#count(ENDS[status])
  }

  /** For the service, and in a line of its own for the blueprint. */
  runCost(blueprintId: string, usd: number): void {
    this.#metrics.addMetric(names.runCost, MetricUnit.NoUnit, usd)
    const ofBlueprint = this.#metrics.singleMetric()
    ofBlueprint.addDimension(metricNames.blueprintDimension, dimensionOf(blueprintId))
    ofBlueprint.addMetric(names.runCost, MetricUnit.NoUnit, usd)
  }

  nodeEnded(succeeded: boolean, durationMs: number): void {
    this.#count(succeeded ? names.nodesCompleted : names.nodesFailed)
    this.#metrics.addMetric(names.nodeDuration, MetricUnit.Milliseconds, durationMs)
  }

  jobRetried(): void {
    this.#count(names.jobsRetried)
  }

  messageRejected(): void {
    this.#count(names.messagesRejected)
  }

  publish(): void {
    if (this.#metrics.hasStoredMetrics()) this.#metrics.publishStoredMetrics()
  }

  #count(name: string): void {
    this.#metrics.addMetric(name, MetricUnit.Count, 1)
  }
}
