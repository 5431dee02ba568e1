/** What cdk-nag's other packs find in a service, why it is so, and what ends it: the table of docs/compliance.md. */
import { fileURLToPath } from 'node:url'
import { App, Stack } from 'aws-cdk-lib'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Key } from 'aws-cdk-lib/aws-kms'
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import { HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks, ServerlessChecks } from 'cdk-nag'
import type { Company } from '../../examples/deployment/strict-service.ts'
import { FlowcraftService, type FlowcraftServiceProps } from '../../lib/constructs/index.ts'

export const DOCS = new URL('../../docs/compliance.md', import.meta.url)
const ENTRY = fileURLToPath(new URL('../../examples/quick-start/worker.ts', import.meta.url))

const PACKS = {
  Serverless: ServerlessChecks,
  HIPAA: HIPAASecurityChecks,
  NIST: NIST80053R5Checks,
  PCI: PCIDSS321Checks,
} as const

type Props = Partial<FlowcraftServiceProps>

interface Reason {
  readonly why: string
  /** The prop, as the table has it, and what it is in a stack; none for what stays. */
  readonly endedBy?: string
  readonly props?: (stack: Stack) => Props
}

/** In a service of these props; what they do not ask for, no pack finds. */
const ASKED: Props = { webhook: {} }

/** By rule. */
export const reasons: Readonly<Record<string, Reason>> = {
  CloudWatchAlarmAction: {
    why: 'whom an alarm tells, only you know; with `composite` the actions are those of the one alarm over all, and the others are found; with `deployment` also `errors` of each of `flows.deployments`, which CodeDeploy reads',
    endedBy: '`alarms: { topic }` or `alarms: { actions }`',
    props: (stack) => ({ alarms: { topic: people(stack) } }),
  },
  CloudWatchLogGroupEncrypted: {
    why: 'CloudWatch encrypts logs by keys that AWS owns, at no cost',
    endedBy: '`encryptionKey`',
    props: (stack) => ({ encryptionKey: key(stack) }),
  },
  EventBusDLQ: {
    why: 'the schedule of the sweep: what one event does not reach, the next does, a minute later; an alarm tells when five are missing',
  },
  IAMNoInlinePolicy: {
    why: "the CDK's grants write into the role's own policy, which is for one role alone and goes with it",
  },
  LambdaAsyncFailureDestination: {
    why: 'the sweep: the next one does what one did not; an alarm tells when it fails twice',
    endedBy: '`sweepProps: { onFailure }`',
    props: (stack) => ({ sweepProps: { onFailure: new SqsDestination(deadLetters(stack)) } }),
  },
  LambdaConcurrency: {
    why: 'what is reserved for one function, all others of the account lack',
    endedBy:
      '`reservedConcurrency` with `maxConcurrency` for workers, `reservedConcurrentExecutions` in `startRunProps` and `sweepProps`, `webhook: { reservedConcurrency }`',
    props: () => ({
      reservedConcurrency: 50,
      maxConcurrency: 50,
      startRunProps: { reservedConcurrentExecutions: 10 },
      sweepProps: { reservedConcurrentExecutions: 1 },
      webhook: { reservedConcurrency: 5 },
    }),
  },
  LambdaDLQ: {
    why: "Lambda uses it for asynchronous invocations, and none but the sweep's schedule makes any; the jobs' dead-letter queue is SQS's",
    endedBy: '`deadLetterQueue` in `workerProps`, `startRunProps`, `sweepProps` and `webhookProps`',
    props: (stack) => {
      const one = { deadLetterQueue: deadLetters(stack) }
      return { workerProps: one, startRunProps: one, sweepProps: one, webhookProps: one }
    },
  },
  LambdaEventSourceMappingDestination: {
    why: 'Lambda has such destinations for streams, not for SQS: jobs go to the dead-letter queue',
  },
  LambdaFunctionPublicAccessProhibited: {
    why: 'webhooks come from outside; the secret is the token of 256 bits at the end of each URL',
    endedBy: '`webhook: { url }`, a front of your own; or no `webhook`, as by default',
    props: () => ({ webhook: { url: 'https://hooks.example.com' } }),
  },
  LambdaInsideVPC: {
    why: 'a VPC needs VPC endpoints or a NAT gateway, by the hour, for the services that workers call',
    endedBy: '`vpc`',
    props: (stack) => ({ vpc: vpc(stack) }),
  },
  LambdaTracing: {
    why: 'X-Ray has its [price](costs.md)',
    endedBy: '`tracing: true`',
    props: () => ({ tracing: true }),
  },
  S3BucketLoggingEnabled: {
    why: 'the functions of the service alone read and write there; logs cost their storage',
    endedBy: '`valueBucket: { serverAccessLogsBucket }`',
    props: (stack) => ({ valueBucket: { serverAccessLogsBucket: accessLogs(stack) } }),
  },
  S3BucketReplicationEnabled: {
    why: 'values are of use beside the table only, which is in one region too',
    endedBy: '`valueBucket: { existingBucket }`, one that you replicate',
    props: (stack) => ({ valueBucket: { existingBucket: replicated(stack) } }),
  },
  S3BucketVersioningEnabled: {
    why: 'a value is written once, by a name of its own',
    endedBy: '`valueBucket: { versioned: true }`: old versions go after a day',
    props: () => ({ valueBucket: { versioned: true } }),
  },
  S3DefaultEncryptionKMS: {
    why: 'S3 encrypts by keys that it owns, at no cost',
    endedBy: '`encryptionKey`',
    props: (stack) => ({ encryptionKey: key(stack) }),
  },
  SQSRedrivePolicy: {
    why: 'the dead-letter queue itself; the sweep takes out of it what can go on',
  },
}

export function company(stack: Stack): Company {
  return {
    vpc: vpc(stack),
    encryptionKey: key(stack),
    accessLogs: accessLogs(stack),
    people: people(stack),
    deadLetterQueue: deadLetters(stack),
  }
}

function vpc(stack: Stack) {
  return Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0a1b2c3d4e5f60718',
    availabilityZones: ['eu-central-1a'],
    privateSubnetIds: ['subnet-0a1b2c3d4e5f60718'],
  })
}

function key(stack: Stack): Key {
  return new Key(stack, 'Key', { enableKeyRotation: true })
}

function people(stack: Stack) {
  return Topic.fromTopicArn(stack, 'People', 'arn:aws:sns:eu-central-1:111122223333:people')
}

function accessLogs(stack: Stack): IBucket {
  return Bucket.fromBucketName(stack, 'AccessLogs', 'access-logs')
}

function deadLetters(stack: Stack): IQueue {
  return Queue.fromQueueArn(stack, 'Dead', 'arn:aws:sqs:eu-central-1:111122223333:dead')
}

function replicated(stack: Stack): Bucket {
  const destination = Bucket.fromBucketName(stack, 'Elsewhere', 'elsewhere')
  return new Bucket(stack, 'Replicated', { versioned: true, replicationRules: [{ destination }] })
}

/** A stack that is looked at and not synthesised. */
export function stackOf(make: (stack: Stack) => unknown): Stack {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, stackTraces: false })
  const stack = new Stack(app, 'Stack', { env: { region: 'eu-central-1' } })
  make(stack)
  return stack
}

export function serviceWith(props: (stack: Stack) => Props = () => ({})): Stack {
  return stackOf((stack) => new FlowcraftService(stack, 'Flows', { entry: ENTRY, ...ASKED, ...props(stack) }))
}

/** By rule, the packs that have it and the parts of the service where it is found. */
export function findingsOf(stack: Stack): Map<string, { packs: string[]; parts: string[] }> {
  const found = new Map<string, { packs: string[]; parts: string[] }>()
  for (const [pack, Checks] of Object.entries(PACKS)) {
    for (const { ruleName, violatingResources } of new Checks(stack).validateScope(stack).violations) {
      const rule = ruleName.replace(/^.*-/, '')
      const parts = violatingResources.map(({ constructPath = '' }) => constructPath.split('/')[2] ?? '')
      const packs = [...(found.get(rule)?.packs ?? []), pack]
      found.set(rule, { packs, parts: [...new Set(parts)].toSorted() })
    }
  }
  return found
}

function tableOf(): string {
  const rows = [...findingsOf(serviceWith())].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const lines = rows.map(([rule, { packs, parts }]) => {
    const { why, endedBy = '' } = reasons[rule] ?? { why: 'not known' }
    return `| ${rule} | ${packs.join(', ')} | ${parts.join(', ')} | ${endedBy} | ${why} |`
  })
  const head = ['| rule | packs | found in | ends with | why it is so by default |', '|---|---|---|---|---|']
  return [...head, ...lines].join('\n')
}

const TABLE = /(<!-- findings: `npm run compliance -- --write` -->\n)[\s\S]*?(\n<!-- end of findings -->)/

/** The page with the table as it is now. */
export function docsOf(page: string): string {
  if (!TABLE.test(page)) throw new Error(`${DOCS.pathname} has no place for the table: ${TABLE.source}`)
  return page.replace(TABLE, (_, begin: string, end: string) => `${begin}${tableOf()}${end}`)
}
