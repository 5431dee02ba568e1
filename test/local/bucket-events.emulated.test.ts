// Buckets that tell EventBridge of their objects, on the local AWS.

import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws, LocalEvent, LocalStack } from '../../lib/local/index.ts'
import { eventually } from './helpers.ts'
import { arnOf, assemblyOf, inline, opened, type Written } from './templates.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterEach(() => local.intercept(undefined))
afterAll(() => local.stop())

const telling = (EventBridgeConfiguration: object = { EventBridgeEnabled: true }) => ({
  Type: 'AWS::S3::Bucket',
  Properties: { NotificationConfiguration: { EventBridgeConfiguration } },
})

async function deploy(Resources: Written['Resources']): Promise<LocalStack> {
  return local.deploy({ assembly: await assemblyOf({ Stack: { Resources: opened(Resources) } }) })
}

const bucketOf = (stack: LocalStack, id: string) => stack.resources[id]?.ref as string

/** The events of a bucket, once there are so many. */
async function eventsOf(bucket: string, count: number): Promise<LocalEvent[]> {
  return eventually(() => {
    const events = local.events.filter(({ detail }) => nameIn(detail) === bucket)
    return events.length >= count && events
  })
}
const nameIn = (detail: unknown) => (detail as { bucket?: { name: string } }).bucket?.name
const keyIn = (detail: unknown) => (detail as { object: { key: string } }).object.key
const put = (Bucket: string, Key: string, Body: string) =>
  local.clients.s3Client.send(new PutObjectCommand({ Bucket, Key, Body }))

describe('a bucket that tells EventBridge', () => {
  it('tells of each object that is put, with the fields that AWS gives', async () => {
    const bucket = bucketOf(await deploy({ Uploads: telling() }), 'Uploads')
    const { ETag } = await put(bucket, 'a/Fräulein + 1.txt', 'hello')

    const [event] = await eventsOf(bucket, 1)

    expect(event).toMatchObject({
      source: 'aws.s3',
      detailType: 'Object Created',
      eventBusName: 'default',
      resources: [`arn:aws:s3:::${bucket}`],
      detail: {
        version: '0',
        bucket: { name: bucket },
        object: { key: 'a/Fräulein + 1.txt', size: 5, etag: ETag?.replaceAll('"', '') },
        reason: 'PutObject',
      },
    })
  })

  it('tells of copies and of uploads in parts, and of nothing that makes no object', async () => {
    const Bucket = bucketOf(await deploy({ Uploads: telling({}) }), 'Uploads')
    await put(Bucket, 'first', 'hello')
    const { s3Client: s3 } = local.clients
    await s3.send(new GetObjectCommand({ Bucket, Key: 'first' }))
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'second', CopySource: `${Bucket}/first` }))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'third' }))
    const part = { Bucket, Key: 'third', UploadId, PartNumber: 1 }
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'in parts' }))
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'third', UploadId, MultipartUpload }))

    const events = await eventsOf(Bucket, 3)

    expect(events.map(({ detail }) => (detail as { reason: string }).reason)).toEqual([
      'PutObject',
      'CopyObject',
      'CompleteMultipartUpload',
    ])
    expect(events[2]?.detail).toMatchObject({ object: { key: 'third', size: 8 } })
  })

  it('gives a function the object by a rule, also where the answer to whoever put it was lost', async () => {
    const stack = await deploy({
      Uploads: telling(),
      Fn: inline('console.log(event.detail.object.key)'),
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['aws.s3'], detail: { bucket: { name: [{ Ref: 'Uploads' }] } } },
          Targets: [{ Id: 'Fn', Arn: arnOf('Fn') }],
        },
      },
    })
    local.intercept(({ service, count }) => (service === 's3' && count === 1 ? 'lose' : 'forward'))
    await put(bucketOf(stack, 'Uploads'), 'order.csv', 'hello')

    // Once for each time that it was put: the SDK has tried again.
    const told = await eventually(() => {
      const { logs } = stack.function('Fn')
      return logs.length === 2 && logs
    })
    expect(told).toEqual(['order.csv', 'order.csv'])
  })

  it('is one that says so, and only for what was done', async () => {
    const stack = await deploy({
      Quiet: { Type: 'AWS::S3::Bucket' },
      Off: telling({ EventBridgeEnabled: false }),
      Uploads: telling(),
    })
    await put(bucketOf(stack, 'Quiet'), 'a', 'x')
    await put(bucketOf(stack, 'Off'), 'a', 'x')
    const uploads = bucketOf(stack, 'Uploads')
    local.intercept(() => 'reject')
    await expect(put(uploads, 'a', 'x')).rejects.toThrow('rejected by the test')
    local.intercept(undefined)
    const nothing = { Bucket: uploads, Key: 'copy', CopySource: `${uploads}/nothing` }
    await expect(local.clients.s3Client.send(new CopyObjectCommand(nothing))).rejects.toThrow()
    await put(uploads, 'b', 'x')

    const told = await eventually(async () => {
      const events = await eventsOf(uploads, 1)
      return events.some(({ detail }) => keyIn(detail) === 'b') && events
    })
    expect(told.map(({ detail }) => keyIn(detail))).toEqual(['b'])
    const others = [bucketOf(stack, 'Quiet'), bucketOf(stack, 'Off')]
    expect(local.events.filter(({ detail }) => others.includes(nameIn(detail) ?? ''))).toEqual([])
  })

  it('cannot tell anybody else', async () => {
    const LambdaConfigurations = [{ Event: 's3:ObjectCreated:*', Function: arnOf('Fn') }]
    const bucket = {
      Type: 'AWS::S3::Bucket',
      Properties: { NotificationConfiguration: { EventBridgeConfiguration: {}, LambdaConfigurations } },
    }
    await expect(deploy({ Bucket: bucket })).rejects.toThrow(
      'has NotificationConfiguration.LambdaConfigurations: here a bucket tells EventBridge only',
    )
  })
})
