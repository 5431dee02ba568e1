import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { S3BlobStore } from '../../../lib/core/values/s3-blob-store.ts'
import { type LocalAws, startLocalAws } from '../../../lib/local/index.ts'

let aws: LocalAws
let bucketName: string

beforeAll(async () => {
  aws = await startLocalAws()
  bucketName = await aws.createBucket()
})
afterEach(() => {
  vi.unstubAllEnvs()
  aws.intercept(undefined)
})
afterAll(() => aws.stop())

describe('S3BlobStore', () => {
  it('keeps bytes as they are, also none and under strange keys', async () => {
    const store = new S3BlobStore({ bucketName, client: aws.clients.s3Client })
    const bytes = randomBytes(600 * 1024)

    await store.put('runs/r%2F1/3.1%231.0', bytes)
    await store.put('empty', new Uint8Array())

    expect(Buffer.from((await store.get('runs/r%2F1/3.1%231.0')) ?? []).equals(bytes)).toBe(true)
    expect(await store.get('empty')).toHaveLength(0)
  })

  it('has nothing under a key that was never put', async () => {
    const store = new S3BlobStore({ bucketName, client: aws.clients.s3Client })

    expect(await store.get('never')).toBeUndefined()
  })

  it('passes trouble on: no bucket is not the same as no object', async () => {
    const store = new S3BlobStore({ bucketName: 'no-such-bucket', client: aws.clients.s3Client })

    await expect(store.get('a')).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      cause: { name: 'NoSuchBucket' },
    })
    await expect(store.put('a', new Uint8Array())).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      cause: { name: 'NoSuchBucket' },
    })
    aws.intercept(({ service }) => (service === 's3' ? 'reject' : 'forward'))
    await expect(new S3BlobStore({ bucketName, client: aws.clients.s3Client }).get('a')).rejects.toThrow()
  })

  it('finds S3 by the environment when no client is given', async () => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
    const store = new S3BlobStore({ bucketName })

    await store.put('a', new Uint8Array([1, 2]))

    expect(await store.get('a')).toEqual(new Uint8Array([1, 2]))
  })
})
