import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))

interface Template {
  readonly Resources: Record<string, { readonly Type: string }>
  readonly Outputs: Record<string, unknown>
}

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'flowcraft-synth-'))))
afterEach(() => rm(folder, { recursive: true }))

/** `npx cdk synth` as a newcomer calls it: no account, no region, no Docker. */
async function synth(): Promise<string> {
  const cli = join(repository, 'node_modules/aws-cdk/bin/cdk')
  const options = ['synth', '--quiet', '--output', folder]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, ...options], {
    cwd: repository,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder,
      CDK_DOCKER: '/no/docker',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    },
  })
  return stdout + stderr
}

it('the app synthesises the example without an account or Docker, and without a warning', async () => {
  const printed = await synth()

  expect(printed).not.toMatch(/warn|not configured/i)
  const text = await readFile(join(folder, 'Flowcraft.template.json'), 'utf8')
  const { Resources: resources, Outputs: outputs } = JSON.parse(text) as Template
  const types = Object.values(resources).map(({ Type }) => Type)
  expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(4)
  expect(Object.keys(outputs).toSorted()).toEqual([
    'BucketName',
    'DeadLetterQueueUrl',
    'EventBusName',
    'QueueUrl',
    'StartRunFunctionName',
    'SweepFunctionName',
    'TableName',
    'WebhookFunctionName',
    'WebhookUrl',
    'WorkerFunctionName',
  ])
}, 180_000)
