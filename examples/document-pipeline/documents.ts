/** Where documents are: S3. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Upload } from './flows.js'

export interface Documents {
  read(from: Upload): Promise<string>
  write(to: Upload, text: string): Promise<void>
}

export function documentsInS3(client = new S3Client()): Documents {
  return {
    async read({ bucket: Bucket, key: Key }) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      return (await Body?.transformToString()) ?? ''
    },
    async write({ bucket: Bucket, key: Key }, Body) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json' }))
    },
  }
}
