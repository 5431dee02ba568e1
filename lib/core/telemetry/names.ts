/** Names of what workers send to CloudWatch and EventBridge; constants only, so that constructs can import them. */

export const metricNames = {
  /** Namespace of the metrics, unless another is asked for. */
  namespace: 'Flowcraft',
  /** The one dimension of each metric; its value is POWERTOOLS_SERVICE_NAME. */
  serviceDimension: 'service',
  /** Counts, but for `nodeDuration` (milliseconds). */
  metrics: {
    runsStarted: 'RunsStarted',
    runsCompleted: 'RunsCompleted',
    runsFailed: 'RunsFailed',
    runsCancelled: 'RunsCancelled',
    nodesCompleted: 'NodesCompleted',
    nodesFailed: 'NodesFailed',
    nodeDuration: 'NodeDuration',
    /** Messages that failed for reasons of the infrastructure and come back. */
    jobsRetried: 'JobsRetried',
    /** Messages that are no jobs and went to the dead-letter queue. */
    messagesRejected: 'MessagesRejected',
  },
  /** `source` and `detail-type` of events on the bus. */
  events: { source: 'flowcraft', runStatusChange: 'Flowcraft Run Status Change' },
} as const
