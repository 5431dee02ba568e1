/**
 * What runs need of S3's client, which the constructs bundle beside a worker's code as a file of this name
 * (`LAZY_CLIENTS`): most functions never read it.
 */
export { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
