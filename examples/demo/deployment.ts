/** The demo's AWS: queue, table, bucket and the two functions, from the handlers that `cdk deploy` would ship. */
import { fileURLToPath } from 'node:url'
import { environmentVariables, stateTable } from '../../lib/index.ts'
import { bundleHandler, type LocalAws, type LocalFunction, startLocalAws } from '../../lib/local/index.ts'

export interface Deployment {
  readonly aws: LocalAws
  readonly startRun: LocalFunction
  readonly worker: LocalFunction
  readonly queueUrl: string
  readonly tableName: string
}

const FUNCTION_TIMEOUT_SECONDS = 30

/** Starts it all on free ports of this computer. `onLog` gets each line that the workers print. */
export async function deploy(onLog: (line: string) => void): Promise<Deployment> {
  const [aws, workerCode, startRunCode] = await Promise.all([
    startLocalAws(),
    bundleHandler({ entry: lambda('worker') }),
    bundleHandler({ entry: lambda('start-run') }),
  ])
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({
    // Six times the function's timeout, as AWS recommends for queues that feed functions.
    visibilityTimeoutSeconds: 6 * FUNCTION_TIMEOUT_SECONDS,
  })
  const tableName = await aws.createTable(stateTable.createInput('flowcraft-demo'))
  const environment = {
    [environmentVariables.queueUrl]: queueUrl,
    [environmentVariables.deadLetterQueueUrl]: deadLetterQueueUrl,
    [environmentVariables.tableName]: tableName,
    [environmentVariables.bucketName]: await aws.createBucket(),
  }
  const common = { environment, timeoutSeconds: FUNCTION_TIMEOUT_SECONDS, onLog }
  const worker = await aws.createFunction({ ...common, name: 'worker', code: workerCode })
  const startRun = await aws.createFunction({ ...common, name: 'start-run', code: startRunCode })
  await aws.mapEventSource({ queueUrl, function: worker, maximumConcurrency: 4 })
  return { aws, worker, startRun, queueUrl, tableName }
}

function lambda(name: string): string {
  return fileURLToPath(new URL(`../../lambdas/${name}.ts`, import.meta.url))
}
