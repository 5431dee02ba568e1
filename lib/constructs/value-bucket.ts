/** The bucket for values that do not fit into an item of the table (400 KB). */
import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { RUN_RETENTION } from '../core/store/retention.ts'
import { acknowledge, acknowledgeWildcard } from './acknowledge.ts'
import { judgeExistingBucket } from './existing-resources.ts'
import { grantKey, keyActions } from './keys.ts'
import { existingOrNew, givenOf, runRetentionProblems, throwProblems } from './problems.ts'

/** Settings of the bucket for large values. */
export interface ValueBucketOptions {
  /**
   * An existing bucket to use; excludes the props of a new bucket. Its lifecycle rules must keep objects under `runs/`
   * for as long as `runRetention`.
   * @default - a new bucket
   */
  readonly existingBucket?: IBucket
  /** Name of the bucket. @default - a name made by CloudFormation */
  readonly bucketName?: string
  /** Destination of the server access logs, which cost their storage. @default - no access logs */
  readonly serverAccessLogsBucket?: IBucket
  /**
   * Whether the bucket is emptied before it is deleted, by a function of the CDK; requires `removalPolicy` DESTROY.
   * @default false
   */
  readonly autoDeleteObjects?: boolean
  /**
   * Whether the bucket keeps what is overwritten or deleted for another day. Values are written once, so nothing but
   * what a person or a program outside the service does makes an old version.
   * @default false
   */
  readonly versioned?: boolean
}

export interface ValueBucketProps extends ValueBucketOptions {
  /** How long objects are kept, 1 to 400 whole days, as the service keeps its runs. @default Duration.days(400) */
  readonly runRetention?: Duration
  /** KMS key that encrypts the bucket. @default - keys that S3 owns, at no cost (SSE-S3) */
  readonly encryptionKey?: IKey
  /**
   * What happens to the bucket when the stack is deleted. CloudFormation deletes only an empty bucket.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy
}

/** S3 refuses the second in a rule that has days. A value that expires leaves both. */
const OLD_VERSIONS = [
  { id: 'old-versions-go-after-a-day', noncurrentVersionExpiration: Duration.days(1) },
  { id: 'delete-markers-go-with-their-versions', expiredObjectDeleteMarker: true },
]

/**
 * Holds large values: private, by TLS only, encrypted. Values go when their run does.
 *
 * @example
 * const values = new ValueBucket(this, 'Values')
 * values.grantReadWrite(worker)
 */
export class ValueBucket extends Construct {
  readonly bucket: IBucket

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: ValueBucketProps = {}) {
    super(scope, id)
    throwProblems(this, valueBucketProblems(props))
    this.bucket = props.existingBucket ?? this.#create(props)
    if (props.existingBucket) judgeExistingBucket(this, props.existingBucket, daysOf(props))
  }

  /**
   * Grants reading values. Listing the bucket belongs to it, though nothing lists it: without it S3 answers a read of an
   * object that is gone by 403 and not by 404, and a worker would take a lost value for a missing permission.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Permissions, read November 2026)
   */
  grantRead(grantee: IGrantable): Grant {
    grantKey(this.bucket.encryptionKey, grantee, keyActions.read)
    const list = { grantee, actions: ['s3:ListBucket'], resourceArns: [this.bucket.bucketArn] }
    return this.#grant(grantee, 's3:GetObject').combine(Grant.addToPrincipal(list))
  }

  /** Grants writing values. */
  grantPut(grantee: IGrantable): Grant {
    grantKey(this.bucket.encryptionKey, grantee, keyActions.write)
    return this.#grant(grantee, 's3:PutObject')
  }

  /** Grants what workers need: read and write values, never delete them. */
  grantReadWrite(grantee: IGrantable): Grant {
    return this.grantRead(grantee).combine(this.grantPut(grantee))
  }

  /** Only what the adapter writes: its objects begin with `runs/`, and their names are made at run time. */
  #grant(grantee: IGrantable, action: string): Grant {
    const objects = this.bucket.arnForObjects('runs/*')
    const grant = Grant.addToPrincipal({ grantee, actions: [action], resourceArns: [objects] })
    const reason = 'The names of objects are made at run time; runs/ holds those of this service only.'
    acknowledgeWildcard(this, grantee, objects, reason)
    return grant
  }

  #create(props: ValueBucketProps): Bucket {
    const {
      encryptionKey,
      serverAccessLogsBucket,
      removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    } = props
    const bucket = new Bucket(this, 'Resource', {
      bucketName: props.bucketName,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      encryption: encryptionKey ? BucketEncryption.KMS : BucketEncryption.S3_MANAGED,
      encryptionKey,
      // One data key of KMS for many objects.
      bucketKeyEnabled: encryptionKey ? true : undefined,
      serverAccessLogsBucket,
      versioned: props.versioned,
      lifecycleRules: [
        {
          id: 'values-go-with-their-runs',
          expiration: Duration.days(daysOf(props)),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        ...(props.versioned ? OLD_VERSIONS : []),
      ],
      removalPolicy,
      autoDeleteObjects: props.autoDeleteObjects,
    })
    if (!serverAccessLogsBucket) {
      acknowledge(bucket, {
        S1: 'Objects are written and read by the functions of the service only, whose roles say so; set serverAccessLogsBucket, or use data events of CloudTrail, to have each request logged.',
      })
    }
    Tags.of(bucket).add('flowcraft-aws', 'values')
    return bucket
  }
}

function daysOf({ runRetention }: ValueBucketProps): number {
  return runRetention?.toDays() ?? RUN_RETENTION.longest
}

export function valueBucketProblems({ existingBucket, runRetention, ...own }: ValueBucketProps): string[] {
  const problems = runRetentionProblems(runRetention)
  if (existingBucket) return [...problems, ...existingOrNew('existingBucket', 'bucket', givenOf(own))]
  return [...problems, ...deletionProblems(own)]
}

function deletionProblems(own: Pick<ValueBucketProps, 'autoDeleteObjects' | 'removalPolicy'>): string[] {
  if (!own.autoDeleteObjects || own.removalPolicy === RemovalPolicy.DESTROY) return []
  const got = own.removalPolicy ?? 'none'
  return [`autoDeleteObjects requires removalPolicy RemovalPolicy.DESTROY ('destroy'), got ${got}`]
}
