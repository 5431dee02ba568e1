import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { describe, expect, it } from 'vitest'
import { FlowcraftService, ValueBucket } from '../../lib/constructs/index.ts'
import { entry, newStack, permissionsOf, problemsOf, synthesise } from './support.ts'

const BUCKET = 'AWS::S3::Bucket'

describe('ValueBucket', () => {
  it('is private, encrypted, and keeps values as long as the table does, by default', () => {
    const stack = newStack()
    new ValueBucket(stack, 'Values')
    const template = Template.fromStack(stack)
    template.hasResource(BUCKET, {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: Match.objectLike({
        BucketName: Match.absent(),
        VersioningConfiguration: Match.absent(),
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        LifecycleConfiguration: {
          Rules: [
            Match.objectLike({
              Status: 'Enabled',
              ExpirationInDays: 400,
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            }),
          ],
        },
      }),
    })
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ],
      },
    })
    expect(Object.keys(template.findResources(BUCKET))).toEqual(['Values2F01A545'])
  })

  it('keeps objects for as long as runs are kept', () => {
    const stack = newStack()
    new ValueBucket(stack, 'Values', { runRetention: Duration.days(30) })
    Template.fromStack(stack).hasResourceProperties(BUCKET, {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 30 })] },
    })
  })

  it('takes every prop', () => {
    const stack = newStack()
    new ValueBucket(stack, 'Values', {
      bucketName: 'values',
      encryptionKey: new Key(stack, 'Key'),
      serverAccessLogsBucket: new Bucket(stack, 'Logs'),
      removalPolicy: RemovalPolicy.DESTROY,
    })
    Template.fromStack(stack).hasResource(BUCKET, {
      DeletionPolicy: 'Delete',
      Properties: Match.objectLike({
        BucketName: 'values',
        LoggingConfiguration: { DestinationBucketName: { Ref: Match.stringLikeRegexp('^Logs') } },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            Match.objectLike({
              ServerSideEncryptionByDefault: Match.objectLike({ SSEAlgorithm: 'aws:kms' }),
            }),
          ],
        },
      }),
    })
  })

  it('is emptied before it is deleted, where that is asked for', () => {
    const stack = newStack()
    const props = { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY }
    new ValueBucket(stack, 'Values', props)
    Template.fromStack(stack).resourceCountIs('Custom::S3AutoDeleteObjects', 1)
    const message = "autoDeleteObjects requires removalPolicy RemovalPolicy.DESTROY ('destroy'), got"
    const alone = { autoDeleteObjects: true }
    expect(problemsOf((stack) => new ValueBucket(stack, 'Values', alone))).toEqual([`${message} none`])
    const removalPolicy = RemovalPolicy.RETAIN
    expect(
      problemsOf(
        (stack) => new FlowcraftService(stack, 'Flows', { entry, removalPolicy, valueBucket: alone }),
      ),
    ).toEqual([`valueBucket: ${message} retain`])
    const service = synthesise({ entry, removalPolicy: RemovalPolicy.DESTROY, valueBucket: alone })
    service.template.resourceCountIs('Custom::S3AutoDeleteObjects', 1)
  })

  it('keeps old versions for a day, where that is asked for', () => {
    const stack = newStack()
    new ValueBucket(stack, 'Values', { versioned: true })
    Template.fromStack(stack).hasResourceProperties(BUCKET, {
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({ ExpirationInDays: 400, Status: 'Enabled' }),
          Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 1 }, Status: 'Enabled' }),
          Match.objectLike({ ExpiredObjectDeleteMarker: true, Status: 'Enabled' }),
        ],
      },
    })
    const valueBucket = { versioned: true, existingBucket: Bucket.fromBucketName(stack, 'Mine', 'mine') }
    expect(problemsOf((stack) => new FlowcraftService(stack, 'Flows', { entry, valueBucket }))).toEqual([
      'valueBucket: give either existingBucket or props of a new bucket, got existingBucket and versioned',
    ])
  })

  it('takes an existing bucket, but not together with props of a new one', () => {
    const stack = newStack()
    const existingBucket = Bucket.fromBucketName(stack, 'Mine', 'mine')
    expect(new ValueBucket(stack, 'Values', { existingBucket }).bucket).toBe(existingBucket)
    expect(
      problemsOf((stack) => {
        const existingBucket = Bucket.fromBucketName(stack, 'Mine', 'mine')
        return new ValueBucket(stack, 'Values', { existingBucket, bucketName: 'values' })
      }),
    ).toEqual(['give either existingBucket or props of a new bucket, got existingBucket and bucketName'])
  })

  it('grants reading and writing of values, exactly, with the key that they need', () => {
    const stack = newStack()
    const values = new ValueBucket(stack, 'Values', { encryptionKey: new Key(stack, 'Key') })
    const role = (id: string) =>
      new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    values.grantRead(role('Reader'))
    values.grantPut(role('Writer'))
    expect(permissionsOf(Template.fromStack(stack))).toEqual([
      'Reader: kms:Decrypt on <Key.Arn>',
      'Reader: s3:GetObject on <Values.Arn>/runs/*',
      'Reader: s3:ListBucket on <Values.Arn>',
      'Writer: kms:Decrypt kms:GenerateDataKey on <Key.Arn>',
      'Writer: s3:PutObject on <Values.Arn>/runs/*',
    ])
  })
})
