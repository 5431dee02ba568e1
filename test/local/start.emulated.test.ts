// Starting and stopping: nothing stays behind, several live side by side, wrong settings are told apart.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs'
import { describe, expect, it, vi } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import { descendants, eventually, functionOf, lives, moduleFile, receive, tableInput } from './helpers.ts'

describe('startLocalAws', () => {
  it('leaves no process, port or file behind when it stops', async () => {
    const local = await startLocalAws()
    const queue = await local.createQueue()
    const fn = await functionOf(local, 'return process.env.LAMBDA_TASK_ROOT')
    const folder = dirname(dirname(String(await fn.invoke(null))))
    expect(basename(folder)).toMatch(/^flowcraft-local-/)
    await local.mapEventSource({ queueUrl: queue.queueUrl, function: fn })
    const url = await local.createFunctionUrl(fn)
    expect(await isOpen(url)).toBe(true)
    local.schedule({ function: fn, rateMinutes: 1 })
    const children = descendants(process.pid)
    expect(children.length).toBeGreaterThanOrEqual(2)
    expect(existsSync(folder)).toBe(true)

    await local.stop()

    expect(children.filter(lives)).toEqual([])
    for (const endpoint of [url, ...Object.values(local.endpoints)])
      expect(await isOpen(endpoint)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    const handles = process.getActiveResourcesInfo().filter((kind) => /TCPServer|ProcessWrap/.test(kind))
    expect(handles).toEqual([])
  })

  it('may be stopped twice, and disposes itself', async () => {
    const local = await startLocalAws()
    await Promise.all([local.stop(), local.stop()])
    await local.stop()
    let endpoint: string
    {
      await using disposed = await startLocalAws()
      endpoint = disposed.endpoints.sqs
      expect(await isOpen(endpoint)).toBe(true)
    }
    expect(await isOpen(endpoint)).toBe(false)
    await expect(functionOf(local, '')).rejects.toThrow('this local AWS was stopped')
  })

  it('takes its processes along when the host is killed', async () => {
    const file = await moduleFile('export const handler = async () => null\nsetInterval(() => {}, 1_000)')
    const fixture = fileURLToPath(new URL('./host.fixture.ts', import.meta.url))
    const host = fork(fixture, [file], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, TMPDIR: dirname(file) },
    })
    await once(host, 'message')
    const children = descendants(host.pid ?? 0)
    expect(children.length).toBeGreaterThanOrEqual(2)
    expect(children.filter(lives)).toHaveLength(children.length)

    host.kill('SIGKILL')

    await eventually(() => expect(children.filter(lives)).toEqual([]))
  })

  it('runs two at a time that know nothing of each other', async () => {
    await using one = await startLocalAws()
    await using two = await startLocalAws()
    const [queue, twin] = await Promise.all([one, two].map((local) => local.createQueue({ name: 'same' })))
    await one.clients.sqsClient.send(
      new SendMessageCommand({ QueueUrl: queue?.queueUrl, MessageBody: 'for one' }),
    )
    expect(await receive(two, twin?.queueUrl ?? '')).toEqual([])
    expect(await receive(one, queue?.queueUrl ?? '')).toHaveLength(1)
    const table = tableInput()
    expect(await Promise.all([one, two].map((local) => local.createTable(table)))).toHaveLength(2)
  })

  it('keeps S3 objects', async () => {
    await using local = await startLocalAws()
    const Bucket = await local.createBucket()
    const Body = 'ä'.repeat(300_000)
    await local.clients.s3Client.send(new PutObjectCommand({ Bucket, Key: 'run/1', Body }))
    const answer = await local.clients.s3Client.send(new GetObjectCommand({ Bucket, Key: 'run/1' }))
    expect(await answer.Body?.transformToString()).toBe(Body)
  })

  it('gives addresses of queues that a client without any special setting reaches', async () => {
    await using local = await startLocalAws()
    const { queueUrl } = await local.createQueue()
    const { region, credentials, endpoint } = local.clientConfig.sqs
    const plain = new SQSClient({ region, credentials, endpoint })
    await plain.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'hello' }))
    plain.destroy()
    expect(await receive(local, queueUrl)).toHaveLength(1)
    expect(new URL(queueUrl).hostname).toBe('127.0.0.1')
  })
})

describe.each(['dynoxide', 'dynalite'] as const)('DynamoDB by %s', (dynamodb) => {
  it('lets exactly one of fifty racing writers win', async () => {
    await using local = await startLocalAws({ dynamodb })
    expect(local.engine.dynamodb).toBe(dynamodb)
    const TableName = await local.createTable(tableInput())
    const race = Array.from({ length: 50 }, (_, n) =>
      local.clients.dynamoDbClient.send(
        new PutItemCommand({
          TableName,
          Item: { pk: { S: 'race' }, by: { N: String(n) } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    )
    const results = await Promise.allSettled(race)
    const lost = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
    expect(lost).toHaveLength(49)
    expect(lost.every((reason) => reason.includes('ConditionalCheckFailed'))).toBe(true)
  })

  it('shows neither capacity nor an old item that nobody asked for', async () => {
    await using local = await startLocalAws({ dynamodb, consistentReads: false })
    const TableName = await local.createTable(tableInput())
    const Key = { pk: { S: 'a' } }
    const put = await local.clients.dynamoDbClient.send(new PutItemCommand({ TableName, Item: Key }))
    expect(put.ConsumedCapacity).toBeUndefined()
    const got = await local.clients.dynamoDbClient.send(
      new GetItemCommand({ TableName, Key, ReturnConsumedCapacity: 'TOTAL' }),
    )
    expect(got.ConsumedCapacity).toMatchObject({ CapacityUnits: 0.5 })
    const refused = (more: object) =>
      local.clients.dynamoDbClient
        .send(
          new UpdateItemCommand({ TableName, Key, ConditionExpression: 'attribute_exists(nope)', ...more }),
        )
        .catch((error: unknown) => error)
    expect(await refused({})).toMatchObject({ name: 'ConditionalCheckFailedException', Item: undefined })
    if (dynamodb === 'dynoxide') {
      expect(await refused({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).toHaveProperty('Item', Key)
    }
  })
})

it('sends the checksum of DynamoDB only with a body that it is of', async () => {
  await using local = await startLocalAws()
  const TableName = await local.createTable(tableInput())
  const ask = (operation: string, input: object) =>
    fetch(local.endpoints.dynamodb, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20261123T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b',
      },
      body: JSON.stringify(input),
    })
  const untouched = await ask('ListTables', {})
  expect(untouched.headers.get('x-amz-crc32')).toBe(String(crc32(await untouched.text())))
  const changed = await ask('GetItem', { TableName, Key: { pk: { S: 'a' } }, ConsistentRead: true })
  expect(await changed.json()).toEqual({})
  expect(changed.headers.has('x-amz-crc32')).toBe(false)
})

describe('where the engines come from', () => {
  it('uses a server that already runs, and says so', async () => {
    await using running = await startLocalAws()
    vi.stubEnv('FLOWCRAFT_LOCAL_SQS_ENDPOINT', running.endpoints.sqs)
    vi.stubEnv('FLOWCRAFT_LOCAL_DYNAMODB_ENDPOINT', running.endpoints.dynamodb)
    vi.stubEnv('FLOWCRAFT_LOCAL_S3_ENDPOINT', running.endpoints.s3)
    await using local = await startLocalAws().finally(() => vi.unstubAllEnvs())
    expect(local.engine).toEqual({ sqs: 'external', dynamodb: 'external', s3: 'external' })
    const { queueUrl } = await local.createQueue({ name: 'shared' })
    await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'hello' }))
    expect(running.meter.snapshot().sqs.byOperation).toMatchObject({ CreateQueue: 2, SendMessage: 1 })
  })

  it.each([
    [{ sqs: 'https://sqs.us-east-1.amazonaws.com' }, 'endpoints.sqs must be on this computer'],
    [{ dynamodb: 'http://localhost.evil.example' }, 'endpoints.dynamodb must be on this computer'],
    [{ s3: 'nonsense' }, 'endpoints.s3 must be an address'],
  ])('refuses the endpoint %j', async (endpoints, message) => {
    await expect(startLocalAws({ endpoints })).rejects.toThrow(message)
  })

  it('takes a remote endpoint when told to', async () => {
    await using local = await startLocalAws({
      endpoints: { sqs: 'http://192.0.2.1:9324' },
      allowRemote: true,
    })
    expect(local.engine.sqs).toBe('external')
  })

  it('lets the environment choose the engine, and refuses one that it does not know', async () => {
    vi.stubEnv('FLOWCRAFT_LOCAL_DYNAMODB', 'dynalite')
    await using local = await startLocalAws().finally(() => vi.unstubAllEnvs())
    expect(local.engine.dynamodb).toBe('dynalite')
    vi.stubEnv('FLOWCRAFT_LOCAL_DYNAMODB', 'mysql')
    const refused = startLocalAws().finally(() => vi.unstubAllEnvs())
    await expect(refused).rejects.toThrow(
      "FLOWCRAFT_LOCAL_DYNAMODB must be one of dynoxide, dynalite; got 'mysql'",
    )
  })

  it('tells when DYNOXIDE_BIN leads nowhere or to something else', async () => {
    vi.stubEnv('DYNOXIDE_BIN', '/no/such/file')
    await expect(startLocalAws({ dynamodb: 'dynoxide' })).rejects.toThrow('DYNOXIDE_BIN names a file')
    vi.stubEnv('DYNOXIDE_BIN', '/bin/false')
    const refused = startLocalAws({ dynamodb: 'dynoxide' }).finally(() => vi.unstubAllEnvs())
    await expect(refused).rejects.toThrow('dynoxide did not start: it exited with status 1')
  })

  it('refuses what is no region, queue or bucket', async () => {
    await expect(startLocalAws({ region: 'mars' })).rejects.toThrow("got 'mars'")
    await using local = await startLocalAws()
    await expect(local.createQueue({ name: 'a b' })).rejects.toThrow('the name of a queue must be')
    await expect(local.createQueue({ maxReceiveCount: 0 })).rejects.toThrow('from 1 to 1000; got 0')
    await expect(local.createBucket('A')).rejects.toThrow('the name of a bucket must be')
  })
})

function isOpen(endpoint: string): Promise<boolean> {
  const { hostname, port } = new URL(endpoint)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(!!socket.destroy()))
    socket.once('error', () => resolve(false))
  })
}
