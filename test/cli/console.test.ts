/** How the console asks workers what they have, and what its command refuses. */
import { InvokeCommand, LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda'
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { mockClient } from 'aws-sdk-client-mock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeWorkersOf } from '../../lib/cli/console/describe-workers.ts'
import { told } from './io.ts'

const arn = 'arn:aws:sqs:eu-north-1:111122223333:jobs'
const lambda = mockClient(LambdaClient)
const sqs = mockClient(SQSClient)
const troubles: unknown[] = []
const make = () =>
  describeWorkersOf({
    lambdaClient: new LambdaClient({ region: 'eu-north-1' }),
    sqsClient: new SQSClient({ region: 'eu-north-1' }),
    queueUrl: 'https://sqs.eu-north-1.amazonaws.com/111122223333/jobs',
    onTrouble: (error) => troubles.push(error),
  })
const payload = (value: unknown) => Buffer.from(JSON.stringify(value)) as never

beforeEach(() => {
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { QueueArn: arn } })
  lambda.on(ListEventSourceMappingsCommand).resolves({ EventSourceMappings: [{ FunctionArn: 'arn:worker' }] })
})
afterEach(() => {
  lambda.reset()
  sqs.reset()
  troubles.length = 0
})

describe('the workers', () => {
  it('are asked by the function that takes jobs from the queue, which is looked for once', async () => {
    const answer = { blueprints: [{ id: 'order', version: 'v', nodes: 1, warnings: [] }] }
    lambda.on(InvokeCommand).resolves({ Payload: payload(answer) })
    const ask = make()
    expect(await ask({})).toEqual(answer)
    expect(await ask({ blueprintId: 'order' })).toEqual(answer)
    expect(lambda.commandCalls(ListEventSourceMappingsCommand).map(({ args }) => args[0].input)).toEqual([
      { EventSourceArn: arn },
    ])
    expect(
      lambda
        .commandCalls(InvokeCommand)
        .map(({ args: [{ input }] }) => [input.FunctionName, String(input.Payload)]),
    ).toEqual([
      ['arn:worker', '{"flowcraft":"describe"}'],
      ['arn:worker', '{"flowcraft":"describe","blueprintId":"order"}'],
    ])
  })

  it.each([
    ['what an older worker answers', { batchItemFailures: [] }],
    ['nothing', null],
    ['a text', 'hello'],
  ])('are taken for unknown where one answers with %s', async (_, answer) => {
    lambda.on(InvokeCommand).resolves({ Payload: payload(answer) })
    expect(await make()({})).toEqual({ blueprints: [] })
    expect(troubles).toEqual([])
  })

  it('are unknown where one fails, or may not be asked: that is told once', async () => {
    lambda
      .on(InvokeCommand)
      .resolves({ FunctionError: 'Unhandled', Payload: payload({ errorMessage: 'no Records' }) })
    const ask = make()
    expect([await ask({}), await ask({})]).toEqual([{ blueprints: [] }, { blueprints: [] }])
    expect(troubles).toHaveLength(1)
    expect(String(troubles[0])).toContain('no Records')
  })

  it('are unknown where no function takes jobs', async () => {
    lambda.on(ListEventSourceMappingsCommand).resolves({ EventSourceMappings: [] })
    expect(await make()({})).toEqual({ blueprints: [] })
    expect(lambda.commandCalls(InvokeCommand)).toHaveLength(0)
  })
})

describe('flowcraft-aws console', () => {
  it.each([
    [['console', '--port', '70000', '--file', 'x.json'], 2, /a port is at most 65535; got 70000/],
    [['console', '--port', 'x', '--file', 'x.json'], 2, /port/],
    [['console', '--file', 'x.json', '--stack', 'Shop'], 2, /give either --file or a service, not both/],
    [['console', '--file', 'there-is-none.json'], 2, /cannot open '.*there-is-none\.json'/],
    [['console', '--no-local'], 2, /no service is named/],
  ])('refuses %j', async (args, code, message) => {
    const answer = await told(args)
    expect([answer.code, answer.err.join('\n')]).toEqual([code, expect.stringMatching(message) as string])
  })
})
