/** Limits that are options, and answers of functions, over the APIs; and that the kit gets through them. */
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createFlow } from 'flowcraft'
import { expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import { deployOn } from '../end-to-end/driver.ts'
import { clientOf } from '../support/service.ts'
import { eventually, functionOf, receive } from './helpers.ts'
import { arnOf, assemblyOf, inline } from './templates.ts'

it('runs are listed whole by a table that leaves most of each batch undone', async () => {
  await using aws = await startLocalAws({ batchLimits: { items: 1 } })
  const one = createFlow('one').node('only', async () => ({ output: 1 }))
  const client = clientOf(await deployOn(aws), { flows: [one] })
  const ids = ['1', '2', '3', '4']
  for (const runId of ids) await client.start({ blueprintId: 'one', runId, labels: { of: 'all' } })
  const { runs } = await client.list({ label: { of: 'all' } })
  expect(runs.map(({ runId }) => runId).toSorted()).toEqual(ids)
})

it('a prefix that is asked too much answers SlowDown', async () => {
  await using aws = await startLocalAws({ prefixLimits: { writes: 1 } })
  const Bucket = await aws.createBucket()
  const client = new S3Client({ ...aws.clientConfig.s3, maxAttempts: 1 })
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
  await put('a/1')
  await expect(Promise.all([put('a/2'), put('a/3')])).rejects.toMatchObject({ name: 'SlowDown' })
  await put('b/1')
  client.destroy()
})

it('a function whose answer is over 6 MB has failed, for whoever asks', async () => {
  await using aws = await startLocalAws()
  const fn = await functionOf(aws, "return 'x'.repeat(6 * 1024 * 1024)")
  const { FunctionError, Payload } = await aws.clients.lambdaClient.send(
    new InvokeCommand({ FunctionName: fn.name }),
  )
  expect(FunctionError).toBe('Unhandled')
  expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toMatchObject({
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: 'Response payload size exceeded maximum allowed payload size (6291456 bytes).',
  })
  expect((await fetch(await aws.createFunctionUrl(fn))).status).toBe(502)
  expect(fn.stats.errors).toBe(2)
})

const allow = (id: string) => ({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf(id) })

it('an event that a function cannot handle goes to its dead-letter queue and its destination, if its role may', async () => {
  await using aws = await startLocalAws({ asyncRetryAfterMs: [1, 1] })
  const PolicyDocument = { Statement: [allow('Dead'), allow('Failed')] }
  const queue = { Type: 'AWS::SQS::Queue' }
  const Resources = {
    Dead: queue,
    Failed: queue,
    Role: { Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyName: 'P', PolicyDocument }] } },
    Fn: inline("throw new Error('not ' + event.what)", {
      Role: arnOf('Role'),
      DeadLetterConfig: { TargetArn: arnOf('Dead') },
    }),
    Config: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Fn' },
        Qualifier: '$LATEST',
        DestinationConfig: { OnFailure: { Destination: arnOf('Failed') } },
      },
    },
  }
  const stack = await aws.deploy({ assembly: await assemblyOf({ Async: { Resources } }), onLog: () => {} })
  const Payload = JSON.stringify({ what: 'today' })
  const FunctionName = stack.function('Fn').name
  await aws.clients.lambdaClient.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }))

  const [dead] = await eventually(() =>
    receive(aws, stack.resources['Dead']?.ref ?? '').then((all) => all.length > 0 && all),
  )
  expect(dead?.Body).toBe(Payload)
  const [record] = await eventually(() =>
    receive(aws, stack.resources['Failed']?.ref ?? '').then((all) => all.length > 0 && all),
  )
  expect(JSON.parse(record?.Body ?? '')).toMatchObject({
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload: { what: 'today' },
    responsePayload: { errorMessage: 'not today' },
  })
  expect(stack.function('Fn').stats.errors).toBe(3)
})
