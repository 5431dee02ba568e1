/** Requests in the name of roles: what their policies do not allow is refused as AWS refuses it. */
import { createRequire } from 'node:module'
import {
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAws, type LocalRole, type PolicyStatement, startLocalAws } from '../../lib/local/index.ts'
import { eventually } from './helpers.ts'
import { arnOf, assemblyOf, inline, type Written } from './templates.ts'

let local: LocalAws
beforeAll(async () => void (local = await startLocalAws()))
afterAll(() => local.stop())

function roleWith(...statements: Partial<PolicyStatement>[]): LocalRole {
  const Statement = statements.map((one) => ({ Effect: 'Allow' as const, Resource: '*', ...one }))
  return local.createRole({ policies: [{ Statement }] })
}

const denied = (action: string) =>
  expect.objectContaining({
    name: expect.stringMatching(/^AccessDenied(Exception)?$/),
    message: expect.stringContaining(`is not authorized to perform: ${action} on resource: arn:aws:`),
  })

const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const })

const hash = (AttributeName: string) => [{ AttributeName, KeyType: 'HASH' as const }]

describe('what a role may do', () => {
  it('of SQS: an action of a message allows the batch, and only on its queue', async () => {
    const [mine, other] = [await local.createQueue(), await local.createQueue()]
    const { sqsClient } = roleWith({ Action: 'sqs:SendMessage', Resource: mine.queueArn }).clients
    const QueueUrl = mine.queueUrl
    await sqsClient.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: '1', MessageBody: 'x' }] }))

    const refused = sqsClient.send(new SendMessageCommand({ QueueUrl: other.queueUrl, MessageBody: 'x' }))
    await expect(refused).rejects.toEqual(denied('sqs:SendMessage'))
    const received = sqsClient.send(new ReceiveMessageCommand({ QueueUrl }))
    await expect(received).rejects.toEqual(denied('sqs:ReceiveMessage'))
    // Whoever deploys may do everything.
    const { Messages } = await local.clients.sqsClient.send(new ReceiveMessageCommand({ QueueUrl }))
    expect(Messages).toHaveLength(1)
  })

  it('of DynamoDB: by the partition key, by index, and by each item of a transaction', async () => {
    const TableName = await local.createTable({
      TableName: 'of-roles',
      AttributeDefinitions: [text('pk'), text('due')],
      KeySchema: hash('pk'),
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: [
        { IndexName: 'due', KeySchema: hash('due'), Projection: { ProjectionType: 'ALL' } },
      ],
    })
    const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
    const Condition = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['R#*'] } }
    const { dynamoDbClient: client } = roleWith(
      { Action: ['dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Query'], Resource: arn, Condition },
      { Action: 'dynamodb:Query', Resource: `${arn}/index/due` },
    ).clients
    const put = (pk: string) => ({ TableName, Item: { pk: { S: pk } } })
    const ExpressionAttributeValues = { ':k': { S: 'X' } }
    const query = { TableName, ExpressionAttributeValues }
    const get = (S: string) => new GetItemCommand({ TableName, Key: { pk: { S } }, ConsistentRead: true })

    await client.send(new PutItemCommand(put('R#1')))
    await client.send(get('R#1'))
    await client.send(new QueryCommand({ ...query, IndexName: 'due', KeyConditionExpression: 'due = :k' }))
    await expect(client.send(new PutItemCommand(put('X')))).rejects.toEqual(denied('dynamodb:PutItem'))
    await expect(client.send(get('X'))).rejects.toEqual(denied('dynamodb:GetItem'))
    const queried = client.send(
      new QueryCommand({ ...query, ConsistentRead: true, KeyConditionExpression: 'pk = :k' }),
    )
    await expect(queried).rejects.toEqual(denied('dynamodb:Query'))
    const Key = { pk: { S: 'R#1' } }
    const transact = (...TransactItems: object[]) =>
      client.send(new TransactWriteItemsCommand({ TransactItems }))
    await transact({ Put: put('R#2') })
    await expect(transact({ Put: put('R#2') }, { Delete: { TableName, Key } })).rejects.toEqual(
      denied('dynamodb:DeleteItem'),
    )
  })

  it('of S3: by the key; that there is no such object is said to whoever may list the bucket', async () => {
    const Bucket = await local.createBucket()
    const objects = { Action: ['s3:PutObject', 's3:GetObject'], Resource: `arn:aws:s3:::${Bucket}/runs/*` }
    const { s3Client: client } = roleWith(objects).clients
    const { s3Client: lister } = roleWith(objects, {
      Action: 's3:ListBucket',
      Resource: `arn:aws:s3:::${Bucket}`,
    }).clients
    await client.send(new PutObjectCommand({ Bucket, Key: 'runs/a b', Body: 'x' }))
    await client.send(new GetObjectCommand({ Bucket, Key: 'runs/a b' }))

    const other = client.send(new PutObjectCommand({ Bucket, Key: 'other/a', Body: 'x' }))
    await expect(other).rejects.toMatchObject({ name: 'AccessDenied' })
    const gone = { Bucket, Key: 'runs/gone' }
    await expect(client.send(new GetObjectCommand(gone))).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(client.send(new HeadObjectCommand(gone))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    })
    await expect(lister.send(new GetObjectCommand(gone))).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('of EventBridge and Lambda: by the bus and its events, by the function and its alias', async () => {
    const bus = local.createEventBus()
    const { eventBridgeClient, lambdaClient } = roleWith(
      {
        Action: 'events:PutEvents',
        Resource: `arn:aws:events:*:*:event-bus/${bus}`,
        Condition: { StringEquals: { 'events:source': 'me' } },
      },
      { Action: 'lambda:InvokeFunction', Resource: 'arn:aws:lambda:us-east-1:000000000000:function:fn' },
    ).clients
    const put = (EventBusName: string, Source: string) =>
      eventBridgeClient.send(
        new PutEventsCommand({ Entries: [{ EventBusName, Source, DetailType: 'd', Detail: '{}' }] }),
      )
    expect(await put(bus, 'me')).toMatchObject({ FailedEntryCount: 0 })
    await expect(put(bus, 'other')).rejects.toEqual(denied('events:PutEvents'))
    await expect(put('default', 'me')).rejects.toEqual(denied('events:PutEvents'))

    const invoke = (FunctionName: string) => lambdaClient.send(new InvokeCommand({ FunctionName }))
    await expect(invoke('fn')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(invoke('fn:live')).rejects.toEqual(denied('lambda:InvokeFunction'))
  })

  it('is counted by what needed it, and so is what was refused', async () => {
    const { queueUrl: QueueUrl, queueArn } = await local.createQueue()
    const { roleName, clients } = roleWith(
      { Action: ['sqs:SendMessage', 'sqs:DeleteMessage'], Resource: queueArn },
      { Action: 'sqs:Send*' },
    )
    await clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    await clients.sqsClient.send(new ReceiveMessageCommand({ QueueUrl })).catch(() => {})

    const ofRole = local.permissions.uses().filter(({ role }) => role === roleName)
    expect(ofRole.map(({ action, needed, matched }) => [action, needed, matched])).toEqual([
      // Two allow it: either might go.
      ['sqs:SendMessage', 0, 1],
      ['sqs:DeleteMessage', 0, 0],
      ['sqs:Send*', 0, 1],
    ])
    expect(local.permissions.refusals.at(-1)).toMatchObject({
      role: roleName,
      action: 'sqs:ReceiveMessage',
      resource: queueArn,
    })
  })
})

const ofLambda = { AssumeRolePolicyDocument: { Statement: [] } }
const role = (more: object = {}) => ({ Type: 'AWS::IAM::Role', Properties: { ...ofLambda, ...more } })
const policy = (id: string, ...Statement: object[]) => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: `Of${id}`, Roles: [{ Ref: id }], PolicyDocument: { Statement } },
})
const queue = { Type: 'AWS::SQS::Queue' }
const send = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('Jobs') }
/** Sends a message, by the SDK that the kit itself has. */
const sender = inline(
  `const { SQSClient, SendMessageCommand } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@aws-sdk/client-sqs'))})
  const { MessageId } = await new SQSClient({ useQueueUrlAsEndpoint: false }).send(new SendMessageCommand({ QueueUrl: process.env.URL, MessageBody: 'x' }))
  return typeof MessageId`,
  { Role: arnOf('Role'), Environment: { Variables: { URL: { Ref: 'Jobs' } } } },
)

const key = (...Action: string[]) => ({ Effect: 'Allow', Action, Resource: arnOf('Key') })

let stacks = 0
async function deploy(
  Resources: Written['Resources'],
  { aws = local, name = `S${stacks++}`, lines = [] as string[] } = {},
) {
  const assembly = await assemblyOf({ [name]: { Resources } })
  return aws.deploy({ assembly, update: true, onLog: (line) => lines.push(line) })
}

describe('a function of a stack', () => {
  it('may what its role may, also after an update', async () => {
    const name = 'Updated'
    const without = { Jobs: queue, Role: role(), Fn: sender }
    const first = await deploy({ ...without, Policy: policy('Role', send) }, { name })
    expect(await first.function('Fn').invoke({})).toBe('string')

    const second = await deploy(without, { name })
    await eventually(() =>
      expect(second.function('Fn').invoke({})).rejects.toThrow(
        'is not authorized to perform: sqs:SendMessage',
      ),
    )
    const inline_ = role({ Policies: [{ PolicyName: 'Inline', PolicyDocument: { Statement: send } }] })
    const third = await deploy({ ...without, Role: inline_ }, { name })
    expect(await third.function('Fn').invoke({})).toBe('string')
  })

  it('may what a managed policy allows; one that is not known makes the role unchecked, and a line says so', async () => {
    const managed = { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: { Statement: send } } }
    const own = await deploy({
      Jobs: queue,
      Managed: managed,
      Role: role({ ManagedPolicyArns: [{ Ref: 'Managed' }] }),
      Fn: sender,
    })
    expect(await own.function('Fn').invoke({})).toBe('string')

    const ofAws = (name: string) => role({ ManagedPolicyArns: [`arn:aws:iam::aws:policy/${name}`] })
    const lines: string[] = []
    const unknown = await deploy({ Jobs: queue, Role: ofAws('OfSomething'), Fn: sender }, { lines })
    expect(await unknown.function('Fn').invoke({})).toBe('string')
    expect(lines[0]).toMatch(
      /^what role \S+ may do is not checked: the policy arn:aws:iam::aws:policy\/OfSomething is not/,
    )
    const reader = await deploy({ Jobs: queue, Role: ofAws('AmazonSQSReadOnlyAccess'), Fn: sender })
    await expect(reader.function('Fn').invoke({})).rejects.toThrow(
      'is not authorized to perform: sqs:SendMessage',
    )
  })

  it('may use a queue that is encrypted by a key if it may use the key', async () => {
    const Resources = {
      Key: { Type: 'AWS::KMS::Key' },
      Jobs: { ...queue, Properties: { KmsMasterKeyId: arnOf('Key') } },
      Role: role(),
      Fn: sender,
    }
    const half = await deploy({ ...Resources, Policy: policy('Role', send, key('kms:GenerateDataKey')) })
    await expect(half.function('Fn').invoke({})).rejects.toThrow('is not authorized to perform: kms:Decrypt')
    const whole = await deploy({
      ...Resources,
      Policy: policy('Role', send, key('kms:GenerateDataKey', 'kms:Decrypt')),
    })
    expect(await whole.function('Fn').invoke({})).toBe('string')
  })

  it('is denied what the policy of a queue denies, whatever its role may', async () => {
    const Statement = [{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' }]
    const Denies = {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [{ Ref: 'Jobs' }], PolicyDocument: { Statement } },
    }
    const stack = await deploy({
      Jobs: queue,
      Role: role(),
      Fn: sender,
      Policy: policy('Role', send),
      Denies,
    })
    await expect(stack.function('Fn').invoke({})).rejects.toThrow('with an explicit deny in Denies')
  })

  it('is fed by a queue if its role may receive', async () => {
    const Fn = inline('', { Role: arnOf('Role') })
    const Properties = { EventSourceArn: arnOf('Jobs'), FunctionName: { Ref: 'Fn' } }
    const Resources = {
      Jobs: queue,
      Role: role(),
      Fn,
      Feed: { Type: 'AWS::Lambda::EventSourceMapping', Properties },
    }
    await expect(deploy(Resources)).rejects.toThrow('is not authorized to perform: sqs:GetQueueAttributes')
  })

  it('is invoked by a rule or a URL if its policy lets them, and by a schedule if its role may', async () => {
    const target = { Id: 'T', Arn: arnOf('Fn') }
    const lines: string[] = []
    const stack = await deploy(
      {
        Fn: inline('console.log(event.source)'),
        Role: role(),
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: { EventPattern: { source: ['uninvited'] }, Targets: [target] },
        },
        Url: { Type: 'AWS::Lambda::Url', Properties: { AuthType: 'NONE', TargetFunctionArn: arnOf('Fn') } },
      },
      { lines },
    )
    const Entries = [{ Source: 'uninvited', DetailType: 'd', Detail: '{}' }]
    await local.clients.eventBridgeClient.send(new PutEventsCommand({ Entries }))
    await eventually(() =>
      expect(lines.join()).toContain('no policy of it lets events.amazonaws.com do lambda:InvokeFunction'),
    )
    const answer = await fetch(stack.resources['Url']?.attributes['FunctionUrl'] ?? '')
    expect([answer.status, stack.function('Fn').stats.invocations]).toEqual([403, 0])
  })

  it('is refused nothing where strict is false', async () => {
    await using aws = await startLocalAws({ strict: false })
    const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
    const stack = await deploy(
      { Jobs: queue, Role: role(), Fn: sender, Policy: policy('Role', { ...send, Condition }) },
      { aws },
    )
    expect(await stack.function('Fn').invoke({})).toBe('string')
  })
})
