/**
 * What requests ask for, as IAM names it. Pure.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html, list_amazons3.html, list_awslambda.html and
 * list_amazoneventbridge.html (November 2026)
 */
import type { Ask } from './policy.ts'

/** Where the resources are that requests name. */
export interface Place {
  readonly region: string
  readonly accountId: string
  /** The KMS key of a resource, where it has one. */
  keyOfKms(resourceArn: string): string | undefined
}

type Json = Readonly<Record<string, unknown>>

/** Whoever may do it to one message may do it to a batch. */
const BATCHES = /^(SendMessage|DeleteMessage|ChangeMessageVisibility)Batch$/

export function sqsAsks(operation: string, input: Json, place: Place): Ask[] {
  const { region, accountId } = place
  const url = String(input['QueueUrl'] ?? '')
  const name = input['QueueName'] ?? url.slice(url.lastIndexOf('/') + 1)
  const resource = `arn:aws:sqs:${region}:${accountId}:${String(name || '*')}`
  const action = BATCHES.exec(operation)?.[1] ?? operation
  const key = place.keyOfKms(resource)
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  const needed = { SendMessage: ['GenerateDataKey', 'Decrypt'], ReceiveMessage: ['Decrypt'] }[action] ?? []
  return [{ action: `sqs:${action}`, resource }, ...keyAsks(key, needed, `sqs.${region}.amazonaws.com`)]
}

/** What is asked of KMS besides, where the resource has a key. */
export function keyAsks(key: string | undefined, actions: readonly string[], viaService: string): Ask[] {
  if (key === undefined) return []
  return actions.map((action) => {
    return { action: `kms:${action}`, resource: key, context: { 'kms:viaservice': [viaService] } }
  })
}

/** Operations whose permission has another name: that of an object is also asked for its parts. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  ListParts: 'ListMultipartUploadParts',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  DeleteObjects: 'DeleteObject',
  ListBuckets: 'ListAllMyBuckets',
}

interface S3Request {
  readonly operation: string
  /** `/bucket/key`, encoded. */
  readonly path: string
  /** Of a copy. */
  readonly copySource?: string | undefined
}

/** The objects of DeleteObjects are in a body that is not read: it is asked for all of the bucket. */
export function s3Asks({ operation, path, copySource }: S3Request, place: Place): Ask[] {
  const action = S3_ACTIONS[operation] ?? operation
  const [bucket = '', ...parts] = decodeURIComponent(path.split('?', 1)[0] ?? '')
    .replace(/^\//, '')
    .split('/')
  const bucketArn = bucket === '' ? '*' : `arn:aws:s3:::${bucket}`
  const key = operation === 'DeleteObjects' ? '*' : parts.join('/')
  const resource = key === '' ? bucketArn : `${bucketArn}/${key}`
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html: a put makes a data key, a get decrypts it.
  const needed = { PutObject: ['GenerateDataKey'], GetObject: ['Decrypt'] }[action] ?? []
  const from =
    copySource === undefined
      ? []
      : [
          {
            action: 's3:GetObject',
            resource: `arn:aws:s3:::${decodeURIComponent(copySource).replace(/^\//, '')}`,
          },
        ]
  const kms = keyAsks(place.keyOfKms(bucketArn), needed, `s3.${place.region}.amazonaws.com`)
  return [{ action: `s3:${action}`, resource }, ...from, ...kms]
}

/** What S3 asks for before it says of an object that it is not there: API_GetObject.html, "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403". */
export function listAsk(path: string): Ask {
  const [, bucket = ''] = path.split(/[/?]/)
  return { action: 's3:ListBucket', resource: `arn:aws:s3:::${decodeURIComponent(bucket)}` }
}

interface Entry {
  readonly EventBusName?: string
  readonly Source?: string
  readonly DetailType?: string
}

export function eventBridgeAsks(operation: string, input: Json, { region, accountId }: Place): Ask[] {
  if (operation !== 'PutEvents') return [{ action: `events:${operation}`, resource: '*' }]
  return ((input['Entries'] ?? []) as Entry[]).map(
    ({ EventBusName = 'default', Source = '', DetailType = '' }) => {
      const name = EventBusName.split('/').at(-1) ?? ''
      return {
        action: 'events:PutEvents',
        resource: `arn:aws:events:${region}:${accountId}:event-bus/${name}`,
        context: { 'events:source': [Source], 'events:detail-type': [DetailType] },
      }
    },
  )
}

interface LambdaRequest {
  readonly operation: string
  /** A name, `name:qualifier`, or an ARN. */
  readonly functionName?: string | undefined
  readonly qualifier?: string | undefined
}

export function lambdaAsks({ operation, functionName, qualifier }: LambdaRequest, place: Place): Ask[] {
  if (operation !== 'Invoke') return [{ action: `lambda:${operation}`, resource: '*' }]
  return [{ action: 'lambda:InvokeFunction', resource: functionArn(functionName ?? '', qualifier, place) }]
}

function functionArn(name: string, qualifier: string | undefined, { region, accountId }: Place): string {
  const parts = name.split(':')
  const at = parts.indexOf('function') + 1
  const own = qualifier ?? parts[at + 1]
  return `arn:aws:lambda:${region}:${accountId}:function:${parts[at] ?? name}${own === undefined ? '' : `:${own}`}`
}
