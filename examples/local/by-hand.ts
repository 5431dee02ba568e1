import { environmentVariables, RunClient, type StartRunResult, stateTable } from 'flowcraft-aws'
import { bundleHandler, startLocalAws } from 'flowcraft-aws/local'

/** A worker on servers of its own: real SQS and DynamoDB APIs, and processes that stand in for Lambda. */
export async function runLocally(entry: string, name: string): Promise<unknown> {
  await using aws = await startLocalAws()
  const { queueUrl } = await aws.createQueue()
  const tableName = await aws.createTable(stateTable.createInput('state'))
  const environment = {
    [environmentVariables.queueUrl]: queueUrl,
    [environmentVariables.tableName]: tableName,
  }
  const code = await bundleHandler({ entry })
  const worker = await aws.createFunction({ code, environment })
  const startRun = await aws.createFunction({ code, environment, handler: 'startRun' })
  await aws.mapEventSource({ queueUrl, function: worker })

  const started = await startRun.invoke({ blueprintId: 'greeting', input: { name } })
  const client = new RunClient({ ...aws.clients, queueUrl, tableName })
  const { context } = await client.waitFor((started as StartRunResult).runId)
  return context['shout']
}
