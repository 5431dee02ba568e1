// A stack that runs is updated: what changed is made anew, what did not goes on, and what is no more ends.

import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws, LocalStack } from '../../lib/local/index.ts'
import { eventually } from './helpers.ts'
import { arnOf, assemblyOf, inline, opened, type Written } from './templates.ts'

let local: LocalAws
beforeAll(async () => void (local = await startLocalAws()))
afterAll(() => local.stop())

type Resources = Written['Resources']

const says = (text: string, more: object = {}) =>
  inline(
    `console.log(${JSON.stringify(text)} + (event.Records?.[0].body ?? '')); return { text: ${JSON.stringify(text)}, other: process.env.OTHER }`,
    more,
  )
const queue = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 30 } }
const feed = {
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: { EventSourceArn: arnOf('Jobs'), FunctionName: { Ref: 'Worker' } },
}

const put = () =>
  local.clients.eventBridgeClient.send(
    new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType: 'Ordered', Detail: '{}' }] }),
  )

const table = (key: string, attributes: string[], more: object = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    ...more,
  },
})

const live = (version: string) => ({
  [version]: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Worker' } } },
  Live: {
    Type: 'AWS::Lambda::Alias',
    Properties: {
      Name: 'live',
      FunctionName: { Ref: 'Worker' },
      FunctionVersion: { 'Fn::GetAtt': [version, 'Version'] },
    },
  },
})

let names = 0
/** A stack of its own, and what updates it. */
function stackOf(name = `Stack${names++}`) {
  return async (Resources: Resources): Promise<LocalStack> =>
    local.deploy({ assembly: await assemblyOf({ [name]: { Resources } }), update: true, onLog: () => {} })
}

const send = ({ resources }: LocalStack, MessageBody: string) =>
  local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl: resources['Jobs']?.ref, MessageBody }))

it('code is replaced while the queue and its mapping go on', async () => {
  const update = stackOf()
  const first = await update({ Jobs: queue, Worker: says('old '), Feed: feed })
  const before = first.function('Worker')
  await send(first, '1')
  await eventually(() => expect(before.logs).toContain('old 1'))

  const second = await update({ Jobs: queue, Worker: says('new '), Feed: feed })
  expect(second.function('Worker')).toBe(before)
  expect(second.resources).toEqual(first.resources)
  await send(second, '2')
  await eventually(() => expect(before.logs).toContain('new 2'))
})

it('a function whose other properties changed is made anew, and the mapping finds it', async () => {
  const update = stackOf()
  const before = (await update({ Jobs: queue, Worker: says('old '), Feed: feed })).function('Worker')
  const Environment = { Variables: { OTHER: 'thing' } }
  const second = await update({ Jobs: queue, Worker: says('new ', { Environment }), Feed: feed })

  expect(second.function('Worker')).not.toBe(before)
  expect(second.function('Worker').name).toBe(before.name)
  await send(second, '1')
  await eventually(() => expect(second.function('Worker').logs).toContain('new 1'))
  await expect(second.function('Worker').invoke({})).resolves.toEqual({ text: 'new ', other: 'thing' })
})

it('an alias goes to the new version', async () => {
  const update = stackOf()
  const first = await update({ Worker: says('old'), ...live('VersionA') })
  await expect(first.function('Worker').alias('live')?.invoke({})).resolves.toEqual({ text: 'old' })

  const second = await update({ Worker: says('new'), ...live('VersionB') })
  await expect(second.function('Worker').alias('live')?.invoke({})).resolves.toEqual({ text: 'new' })

  const Environment = { Variables: { OTHER: 'thing' } }
  const third = await update({ Worker: says('new', { Environment }), ...live('VersionB') })
  await expect(third.function('Worker').alias('live')?.invoke({})).resolves.toMatchObject({ other: 'thing' })
})

it('what is no more ends: a mapping, a rule', async () => {
  const update = stackOf()
  const Rule = {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['shop'] },
      Targets: [{ Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] }, Id: 'Target0' }],
    },
  }
  const first = await update(opened({ Jobs: queue, Worker: says('event'), Feed: feed, Rule }))
  const worker = first.function('Worker')
  await put()
  await eventually(() => expect(worker.stats.invocations).toBe(1))

  const second = await update({ Jobs: queue, Worker: says('event') })
  await put()
  await send(second, 'nobody takes this')
  const third = await update(opened({ Jobs: queue, Worker: says('event'), Rule }))
  await put()
  await eventually(() => expect(worker.stats.invocations).toBe(2))
  expect(third.resources['Rule']).toBeDefined()
})

it('a table keeps its items and gets an index; its keys cannot change', async () => {
  const update = stackOf()
  const { resources } = await update({ State: table('pk', ['pk']) })
  const TableName = resources['State']?.ref
  await local.clients.dynamoDbClient.send(new PutItemCommand({ TableName, Item: { pk: { S: 'run-1' } } }))
  const index = { IndexName: 'by-owner', KeySchema: [{ AttributeName: 'by', KeyType: 'HASH' }] }
  const GlobalSecondaryIndexes = [{ ...index, Projection: { ProjectionType: 'ALL' } }]
  const updated = await update({ State: table('pk', ['pk', 'by'], { GlobalSecondaryIndexes }) })

  expect(updated.resources['State']?.ref).toBe(TableName)
  await expect(update({ State: table('by', ['by']) })).rejects.toThrow('keys of a table cannot change')
})

it('what cannot be made leaves the stack as it was', async () => {
  const update = stackOf()
  const first = await update({ Jobs: queue, Worker: says('old '), Feed: feed })
  const Never = { Type: 'AWS::StepFunctions::StateMachine' }
  await expect(update({ Jobs: queue, Worker: says('new '), Never })).rejects.toThrow('StateMachine')

  await send(first, '1')
  await eventually(() => expect(first.function('Worker').logs).toContain('old 1'))
})
