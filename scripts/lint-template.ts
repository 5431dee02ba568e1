/**
 * Runs cfn-lint on what the constructs become: the service with its defaults, and with all there is. cfn-lint is a
 * program of its own (`pip install cfn-lint` in a virtual environment); CFN_LINT says where, else it is on the PATH.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Duration, Stack } from 'aws-cdk-lib'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { FlowcraftService } from '../lib/constructs/index.ts'

/** Checks that are not meant for what the CDK writes, with the reason. */
const IGNORED = {
  W3005: 'the CDK lets a function depend on its role beside the policy of the role, which it must wait for',
}

const entry = 'examples/quick-start/worker.ts'

function everything(stack: Stack): void {
  new FlowcraftService(stack, 'Flows', {
    entry,
    startRunHandler: 'startRun',
    webhook: { reservedConcurrency: 5 },
    tracing: true,
    reservedConcurrency: 20,
    maxConcurrency: 10,
    batchSize: 100,
    maxBatchingWindow: Duration.seconds(1),
    encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }),
    vpc: new Vpc(stack, 'Vpc', { maxAzs: 2 }),
    alarms: { topic: new Topic(stack, 'Topic') },
    deployment: {},
    pools: {
      heavy: {
        nodes: ['transcode', 'video:render'],
        memorySize: 3_008,
        provisionedPollers: { minimumPollers: 2 },
      },
      long: { nodes: ['train'], image: ContainerImage.fromRegistry('example/worker'), maxCapacity: 5 },
      always: { nodes: ['serve'], image: ContainerImage.fromRegistry('example/worker'), desiredCount: 2 },
    },
  })
}

function synthesise(outdir: string): void {
  const app = new App({ outdir, context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false })
  new FlowcraftService(new Stack(app, 'Defaults'), 'Flows', { entry })
  everything(new Stack(app, 'Everything', { env: { region: 'eu-central-1' } }))
  app.synth()
}

function lint(outdir: string): number {
  const command = process.env['CFN_LINT'] ?? 'cfn-lint'
  const templates = ['Defaults', 'Everything'].map((name) => join(outdir, `${name}.template.json`))
  const options = ['--regions', 'eu-central-1', '--ignore-checks', ...Object.keys(IGNORED)]
  const { error, status } = spawnSync(command, [...options, '--', ...templates], { stdio: 'inherit' })
  if (error) throw new Error(`cannot run ${command}: pip install cfn-lint, or set CFN_LINT`, { cause: error })
  return status ?? 1
}

const outdir = mkdtempSync(join(tmpdir(), 'flowcraft-templates-'))
try {
  synthesise(outdir)
  process.exitCode = lint(outdir)
} finally {
  rmSync(outdir, { recursive: true, force: true })
}
