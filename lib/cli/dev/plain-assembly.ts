/** What `dev --no-cdk` runs: a service around one worker, as a template, without a CDK app and without the CDK. */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type esbuild from 'esbuild'
import { type BundleRecord, bundleTarget, esmOptions, ownHandlerOptions } from '../../bundling.ts'
import { environmentVariables } from '../../core/common/environment.ts'
import { stateTable } from '../../core/store/schema.ts'
import { importOptional } from '../../local/engine/optional.ts'

/** The stack's name, and the service's. */
export const PLAIN_STACK = 'Dev'

/** As a FlowcraftService has them by default. */
const TIMEOUT_SECONDS = 60
const MEMORY_MB = 1_024
const MAX_RECEIVES = 10

export function plainRecord(entry: string): BundleRecord {
  return {
    options: {
      ...esmOptions,
      entryPoints: [entry],
      target: bundleTarget,
      keepNames: true,
      sourcemap: true,
      sourcesContent: false,
    },
    outfile: 'index.mjs',
  }
}

/** Writes the cloud assembly. @param worker - the folder of the worker's bundle */
export async function writePlainAssembly(outdir: string, worker: string): Promise<void> {
  await rm(outdir, { recursive: true, force: true })
  await mkdir(outdir, { recursive: true })
  const sweep = await ownHandlerFolder(join(outdir, 'sweep'))
  const write = (file: string, value: unknown) => writeFile(join(outdir, file), JSON.stringify(value))
  const asset = (objectKey: string, folder: string) => ({
    source: { path: relative(outdir, folder) },
    destinations: { here: { objectKey } },
  })
  await write('template.json', template())
  await write(`${PLAIN_STACK}.assets.json`, {
    files: { worker: asset('worker', worker), sweep: asset('sweep', sweep) },
  })
  await write('manifest.json', {
    artifacts: {
      [PLAIN_STACK]: { type: 'aws:cloudformation:stack', properties: { templateFile: 'template.json' } },
    },
  })
}

/** The sweep comes bundled with the package; in its own repository it is bundled from source. */
async function ownHandlerFolder(outdir: string): Promise<string> {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const built = join(root, 'handlers', 'sweep')
  if (existsSync(built)) return built
  const { build } = await importOptional<typeof esbuild>('esbuild', 'flowcraft-aws dev', 'esbuild')
  await build(ownHandlerOptions(root, 'sweep', outdir))
  return outdir
}

const ref = (Ref: string) => ({ Ref })
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] })

function template() {
  const Variables = {
    [environmentVariables.queueUrl]: ref('Jobs'),
    [environmentVariables.deadLetterQueueUrl]: ref('DeadLetters'),
    [environmentVariables.tableName]: ref('State'),
    [environmentVariables.bucketName]: ref('Values'),
    [environmentVariables.history]: 'timings',
  }
  const lambda = (key: string) => ({
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { S3Key: key },
      Timeout: TIMEOUT_SECONDS,
      MemorySize: MEMORY_MB,
      Environment: { Variables: { ...Variables, NODE_OPTIONS: '--enable-source-maps' } },
    },
  })
  const redrive = { deadLetterTargetArn: arnOf('DeadLetters'), maxReceiveCount: MAX_RECEIVES }
  return {
    Resources: {
      Jobs: {
        Type: 'AWS::SQS::Queue',
        Properties: { VisibilityTimeout: TIMEOUT_SECONDS + 10, RedrivePolicy: redrive },
      },
      DeadLetters: { Type: 'AWS::SQS::Queue' },
      State: { Type: 'AWS::DynamoDB::Table', Properties: stateTable.createInput('state') },
      Values: { Type: 'AWS::S3::Bucket' },
      Worker: lambda('worker'),
      Sweep: lambda('sweep'),
      Feed: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: arnOf('Jobs'),
          FunctionName: ref('Worker'),
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      },
      SweepSchedule: {
        Type: 'AWS::Events::Rule',
        Properties: { ScheduleExpression: 'rate(1 minute)', Targets: [{ Id: 'Sweep', Arn: arnOf('Sweep') }] },
      },
    },
  }
}
