/** Large values in S3. The client is loaded when the first large value comes: most runs never need it. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { CostCounter } from '../common/cost-counter.ts'
import { requestFailed } from '../common/errors.ts'
import { requestTimeouts } from '../common/request-timeouts.ts'
import type { CountedBlobStore } from './value-store.ts'

/** For the answer to begin. */
const ANSWER_MS = 30_000

export interface S3BlobStoreOptions {
  readonly bucketName: string
  /** @default - a client for the function's own region, made when first needed */
  readonly client?: S3Client
  /** @default - requests are not counted */
  readonly counter?: CostCounter
}

export class S3BlobStore implements CountedBlobStore {
  readonly #options: S3BlobStoreOptions
  readonly #bucket: string
  #client: S3Client | undefined

  /** `connect` is that of the store which this one counts for. */
  constructor(options: S3BlobStoreOptions, connect?: () => Promise<S3Client>) {
    this.#options = options
    if (connect) this.#connect = connect
    this.#bucket = options.bucketName
    this.#client = options.client
  }

  countedBy(counter: CostCounter): S3BlobStore {
    return new S3BlobStore({ ...this.#options, counter }, () => this.#connect())
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { PutObjectCommand } = await import('./flowcraft-aws-s3.mjs')
    const client = await this.#connect()
    this.#options.counter?.add({ $p: 1 })
    await this.#asked(
      'PutObject to',
      client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes })),
    )
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { GetObjectCommand } = await import('./flowcraft-aws-s3.mjs')
    const client = await this.#connect()
    this.#options.counter?.add({ $o: 1 })
    const read = async () => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }))
      return Body?.transformToByteArray()
    }
    try {
      return await this.#asked('GetObject from', read())
    } catch (error) {
      // By its name: a client that the user gave has another copy of the class.
      if (((error as Error).cause as Error | undefined)?.name === 'NoSuchKey') return undefined
      throw error
    }
  }

  async #asked<T>(operation: string, request: Promise<T>): Promise<T> {
    try {
      return await request
    } catch (error) {
      throw requestFailed(`S3 ${operation} bucket '${this.#bucket}'`, error)
    }
  }

  #connect = async (): Promise<S3Client> => {
    if (!this.#client) {
      const { S3Client } = await import('./flowcraft-aws-s3.mjs')
      const forcePathStyle = Boolean(process.env['AWS_ENDPOINT_URL_S3'])
      this.#client = new S3Client({ forcePathStyle, requestHandler: requestTimeouts(ANSWER_MS) })
    }
    return this.#client
  }
}
