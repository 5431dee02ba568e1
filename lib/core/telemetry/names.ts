/** Names of what workers send to CloudWatch and EventBridge; constants only, so that constructs can import them. */

export const metricNames = {
  /** Namespace of the metrics, unless another is asked for. */
  namespace: 'Flowcraft',
  /** The one dimension of each metric, but for `runCost` by blueprint; its value is POWERTOOLS_SERVICE_NAME. */
  serviceDimension: 'service',
  /** The second dimension of `runCost`, which has one value without and one with it. */
  blueprintDimension: 'blueprint',
  /** Counts, but for `nodeDuration` (milliseconds) and `runCost` (US dollars of a run that has ended). */
  metrics: {
    runsStarted: 'RunsStarted',
    runsCompleted: 'RunsCompleted',
    runsFailed: 'RunsFailed',
    runsCancelled: 'RunsCancelled',
    /** Paused in place of their end as failed. */
    runsPaused: 'RunsPaused',
    nodesCompleted: 'NodesCompleted',
    nodesFailed: 'NodesFailed',
    nodeDuration: 'NodeDuration',
    runCost: 'RunCost',
    /** Messages that failed for reasons of the infrastructure and come back. */
    jobsRetried: 'JobsRetried',
    /** Messages that are no jobs and went to the dead-letter queue. */
    messagesRejected: 'MessagesRejected',
  },
  /** `source` and `detail-type` of events on the bus. */
  events: {
    source: 'flowcraft',
    runStatusChange: 'Flowcraft Run Status Change',
    runStarted: 'Flowcraft Run Started',
    runWaiting: 'Flowcraft Run Waiting',
    runRedriven: 'Flowcraft Run Redriven',
  },
} as const

/** A value of a dimension has ASCII characters only (CloudWatch API Reference, "Dimension"). */
export function dimensionOf(blueprintId: string): string {
  return blueprintId.replaceAll(/[^\x20-\x7e]/g, '_')
}

/**
 * What can be published of a run: that it 'ended' (completed, failed or was cancelled), 'started', that a node of it is
 * 'waiting' for an event from outside, that it was 'redriven' after its end.
 */
export const runEventNames = ['ended', 'started', 'waiting', 'redriven'] as const
/** A kind of event that a service publishes of its runs. */
export type RunEventName = (typeof runEventNames)[number]

/** `detail-type` of each. */
export const detailTypes: Readonly<Record<RunEventName, string>> = {
  ended: metricNames.events.runStatusChange,
  started: metricNames.events.runStarted,
  waiting: metricNames.events.runWaiting,
  redriven: metricNames.events.runRedriven,
}

/** Those that are published unless others are chosen. */
export const defaultRunEvents: readonly RunEventName[] = ['ended']

/** What is wrong with a choice of events. */
export function runEventsProblems(given: unknown): string[] {
  const isList = Array.isArray(given) && given.length > 0
  if (isList && given.every((name) => (runEventNames as readonly unknown[]).includes(name))) return []
  const allowed = runEventNames.map((name) => `'${name}'`).join(', ')
  return [`runEvents must be a list of some of ${allowed}; got ${JSON.stringify(given)}`]
}
