import { RunClient, type StartRunResult } from 'flowcraft-aws'
import { startLocalAws } from 'flowcraft-aws/local'

/** The app that `npx cdk synth` wrote to `assembly`, on servers of its own and with processes that stand in for Lambda. */
export async function runLocally(assembly: string, name: string): Promise<unknown> {
  await using aws = await startLocalAws()
  const stack = await aws.deploy({ assembly })
  const request = { blueprintId: 'greeting', input: { name } }
  const { runId } = (await stack.function('StartRun').invoke(request)) as StartRunResult

  const { dynamodb: dynamoDbClient, sqs: sqsClient } = aws.clients
  const names = { queueUrl: stack.output('QueueUrl'), tableName: stack.output('TableName') }
  const { context } = await new RunClient({ ...names, dynamoDbClient, sqsClient }).waitFor(runId)
  return context['shout']
}
