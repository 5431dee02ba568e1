/** The environment variables that the constructs set and the functions read; constants only, for both. */
export const environmentVariables = {
  queueUrl: 'FLOWCRAFT_QUEUE_URL',
  deadLetterQueueUrl: 'FLOWCRAFT_DEAD_LETTER_QUEUE_URL',
  tableName: 'FLOWCRAFT_TABLE_NAME',
  /** Names the service where several use one table. */
  serviceName: 'FLOWCRAFT_SERVICE_NAME',
  bucketName: 'FLOWCRAFT_BUCKET_NAME',
  webhookUrl: 'FLOWCRAFT_WEBHOOK_URL',
  /** JSON: `{ <pool>: { queueUrl, nodes } }`, the worker pools beside the default one. */
  pools: 'FLOWCRAFT_POOLS',
  /** The pool that this worker serves; absent in the default pool. */
  pool: 'FLOWCRAFT_POOL',
  /** How long a worker leaves what it lacks of a new run to a newer one, in milliseconds. */
  deployGraceMs: 'FLOWCRAFT_DEPLOY_GRACE_MS',
  /** How many days a run may take, and is kept after its end. */
  runRetentionDays: 'FLOWCRAFT_RUN_RETENTION_DAYS',
  /** 'false': runs do not stand in the index by which they are listed. */
  runIndex: 'FLOWCRAFT_RUN_INDEX',
  /** What workers write down of their runs: 'none', 'timings' or 'full'. */
  history: 'FLOWCRAFT_HISTORY',
  /** Which messages are leased: 'always' or 'redeliveries'. */
  leases: 'FLOWCRAFT_LEASES',
  /** 'false': what runs use is not counted. */
  runCosts: 'FLOWCRAFT_RUN_COSTS',
  /** JSON: prices in place of the list prices, as the option `prices`. */
  prices: 'FLOWCRAFT_PRICES',
  /** The bus that gets the status changes of runs. */
  eventBusName: 'FLOWCRAFT_EVENT_BUS_NAME',
  /** What is published there, by name, with commas between. */
  runEvents: 'FLOWCRAFT_RUN_EVENTS',
  /** Workers write CloudWatch metrics (EMF) to this namespace; none without it. */
  metricsNamespace: 'FLOWCRAFT_METRICS_NAMESPACE',
  /** The function that `StartRunInvoker` invokes. */
  startRunFunctionName: 'FLOWCRAFT_START_RUN_FUNCTION_NAME',
  /** 'true': the trace of a run goes with its jobs. */
  tracing: 'FLOWCRAFT_TRACING',
} as const
