// Objects between two starts: a file for each, since fauxqs keeps them in memory only.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'

/** A folder for each bucket, and in it a file for each object, by its key as a file's name. */
export class KeptObjects {
  readonly #folder: string
  /** What is on disk, by bucket and key, with the object's tag. */
  readonly #saved = new Map<string, string>()

  constructor(folder: string) {
    this.#folder = join(folder, 'objects')
  }

  async restore(s3: S3Client): Promise<void> {
    for (const bucket of await namesIn(this.#folder)) {
      await s3.send(new CreateBucketCommand({ Bucket: bucket }))
      for (const name of await namesIn(join(this.#folder, bucket))) {
        const Key = decodeURIComponent(name)
        const Body = await readFile(join(this.#folder, bucket, name))
        const put = new PutObjectCommand({ Bucket: bucket, Key, Body, ContentLength: Body.length })
        const { ETag = '' } = await s3.send(put)
        this.#saved.set(placeOf(bucket, Key), ETag)
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
          there.add(placeOf(bucket, Key))
          if (this.#saved.get(placeOf(bucket, Key)) !== ETag) await this.#write(s3, bucket, Key, ETag)
        }
      }
    }
    for (const name of this.#saved.keys()) {
      if (there.has(name)) continue
      await rm(join(this.#folder, name), { force: true })
      this.#saved.delete(name)
    }
  }

  async #write(s3: S3Client, Bucket: string, Key: string, tag: string): Promise<void> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    if (!Body) return
    await writeFile(join(this.#folder, placeOf(Bucket, Key)), await Body.transformToByteArray())
    this.#saved.set(placeOf(Bucket, Key), tag)
  }
}

/** Below the folder of all. */
function placeOf(bucket: string, key: string): string {
  return join(bucket, encodeURIComponent(key))
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}
