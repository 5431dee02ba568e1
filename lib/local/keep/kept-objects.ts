// Objects between two starts, since fauxqs keeps them in memory only: of each a file with its body, and one that describes it.

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'

/** What PutObject takes beside the body. */
type Description = Pick<PutObjectCommandInput, 'Key' | 'ContentType' | 'ContentEncoding' | 'Metadata'>

const DESCRIPTION = '.json'

export class KeptObjects {
  readonly #folder: string
  /** The tags of what is on disk, by file. */
  readonly #saved = new Map<string, string>()

  constructor(folder: string) {
    this.#folder = join(folder, 'objects')
  }

  async restore(s3: S3Client): Promise<void> {
    for (const Bucket of await namesIn(this.#folder)) {
      await s3.send(new CreateBucketCommand({ Bucket }))
      for (const name of await namesIn(join(this.#folder, Bucket))) {
        if (!name.endsWith(DESCRIPTION)) continue
        const file = join(this.#folder, Bucket, name.slice(0, -DESCRIPTION.length))
        const description = JSON.parse(await readFile(file + DESCRIPTION, 'utf8')) as Description
        const Body = await readFile(file)
        const put = new PutObjectCommand({ Bucket, ...description, Body, ContentLength: Body.length })
        const { ETag = '' } = await s3.send(put)
        this.#saved.set(file, ETag)
      }
    }
  }

  /** Writes what is new and deletes what is gone. */
  async save(s3: S3Client): Promise<void> {
    const there = new Set<string>()
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    for (const { Name: bucket = '' } of Buckets) {
      await mkdir(join(this.#folder, bucket), { recursive: true })
      for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
        for (const { Key = '', ETag = '' } of Contents) {
          const file = this.#fileOf(bucket, Key)
          there.add(file)
          if (this.#saved.get(file) !== ETag) await this.#write(s3, bucket, Key, file)
        }
      }
    }
    for (const file of this.#saved.keys()) {
      if (there.has(file)) continue
      // The description first: a body without one is nothing.
      for (const name of [file + DESCRIPTION, file]) await rm(name, { force: true })
      this.#saved.delete(file)
    }
  }

  /** A crash in the middle leaves a body that is not described, or that of a description which says the same of it. */
  async #write(s3: S3Client, Bucket: string, Key: string, file: string): Promise<void> {
    const found = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const { Body, ContentType, ContentEncoding, Metadata, ETag = '' } = found
    if (!Body) return
    await writeFile(file, await Body.transformToByteArray())
    const description: Description = { Key, ContentType, ContentEncoding, Metadata }
    await writeFile(file + DESCRIPTION, JSON.stringify(description))
    this.#saved.set(file, ETag)
  }

  /** Keys may be longer than the names of files, and of other characters. */
  #fileOf(bucket: string, key: string): string {
    return join(this.#folder, bucket, createHash('sha256').update(key).digest('hex'))
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}
