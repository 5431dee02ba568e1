/** What `flowcraft-aws init` makes, deployed as it is, and used from the terminal with the rights of whoever deployed it. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cdk } from './cdk.ts'
import { clientsOf } from './deployment.ts'
import { leftOf, removeKept, resourcesOf } from './leftovers.ts'
import { repository } from './paths.ts'
import type { PlannedStack } from './plan.ts'
import { runCommand } from './process.ts'
import { cleanly } from './removal.ts'
import { eventually, expectEqual, expectThat } from './steps.ts'
import type { Target } from './target.ts'
import { forEmulator, readTemplate, writeTemplate } from './templates.ts'

const TIMEOUT_MS = 300_000

/** What its files import, and what synthesises them. */
const PACKAGES = [
  '.bin',
  '@esbuild',
  '@valibot',
  'aws-cdk-lib',
  'constructs',
  'esbuild',
  'flowcraft',
  'tsx',
  'valibot',
]

interface Project {
  readonly folder: string
  readonly assembly: string
  readonly stackName: string
}

/** @throws Error where it does not deploy, or a run of it does not complete */
export async function deployNewProject(target: Target): Promise<string> {
  const { folder, assembly, stackName } = await synthesiseProject(target)
  if (target.isEmulator) {
    await writeTemplate(assembly, stackName, forEmulator(await readTemplate(assembly, stackName)))
  }
  const clients = clientsOf(target)
  return cleanly(target, clients, [stackName], async () => {
    await cdk(target, ['deploy', '--require-approval', 'never'], { app: assembly })
    const remark = await use(target, folder, stackName)
    const resources = await resourcesOf(clients, stackName)
    await cdk(target, ['destroy', '--force'], { app: assembly })
    await removeKept(clients, await leftOf(clients, resources))
    return remark
  })
}

export async function plannedProject(target: Target): Promise<PlannedStack> {
  const { assembly, stackName } = await synthesiseProject(target)
  return { stackName, template: await readTemplate(assembly, stackName) }
}

async function synthesiseProject(target: Target): Promise<Project> {
  // The project uses the package as it is published.
  await runCommand('npm', ['run', '--silent', 'build'], {
    env: process.env,
    cwd: repository,
    timeoutMs: TIMEOUT_MS,
  })
  // The stack has the folder's name, which nobody else's has.
  const folder = join(target.folder, `${target.stackName}-shop`)
  const printed = await terminal(target, target.folder, ['init', folder, '--json'])
  const { stack: stackName } = JSON.parse(printed) as { stack: string }
  await install(folder)
  const assembly = join(target.folder, 'shop.out')
  await cdk(target, ['synth', '--quiet'], { app: 'npx tsx src/app.ts', output: assembly, cwd: folder })
  return { folder, assembly, stackName }
}

/** As `npm install` does: this repository's packages, and this package by its name. */
async function install(project: string): Promise<void> {
  const modules = join(project, 'node_modules')
  await mkdir(modules)
  for (const name of PACKAGES) await symlink(join(repository, 'node_modules', name), join(modules, name))
  await symlink(repository, join(modules, 'flowcraft-aws'))
  await writeFile(join(project, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }')
}

async function use(target: Target, project: string, stack: string): Promise<string> {
  const ask = (...args: string[]) => terminal(target, project, [...args, '--stack', stack])
  const runId = `order-${randomUUID()}`
  const becomes = (status: string) =>
    eventually(
      `${runId} to be ${status}`,
      async (seen) => {
        const run = JSON.parse(await ask('get', runId, '--json')) as { status: string }
        seen(run.status)
        return run.status === status || undefined
      },
      TIMEOUT_MS,
    )
  await ask('start', 'order', '--run-id', runId, '--input', '{"orderId":"A-17","total":120}')
  await becomes('awaiting')
  await ask('resume', runId, '--node', 'approval', '--action', 'approve')
  await becomes('completed')
  const listed = await ask('list', '--blueprint', 'order')
  expectThat('a list with the run', listed.includes(runId), listed)
  // Written after the commit that completes the run.
  await eventually(
    'a history with the charge',
    async (seen) => {
      const told = await ask('history', runId)
      seen(told)
      return told.includes('charge') || undefined
    },
    TIMEOUT_MS,
  )
  await eventually(
    'log lines of the run',
    async (seen) => {
      const lines = await ask('logs', runId)
      seen(lines)
      return lines.includes('worked on messages') || undefined
    },
    TIMEOUT_MS,
  )
  const cost = await ask('cost', runId)
  expectThat('a cost in dollars', /total +\$0\.0/.test(cost), cost)
  await showConsole(target, project, stack, runId)
  // It ends with another code where something is not healthy.
  await ask('doctor')
  const unknown = await terminal(target, project, ['get', 'nobody', '--stack', stack], 3)
  const [, ...lines] = unknown.trim().split('\n')
  expectEqual('lines about an unknown run', lines.length, 1)
  return `the terminal says of an unknown run: ${lines[0]}`
}

/** The web console, as a browser gets it: the run, and what the workers say that they have. */
async function showConsole(target: Target, project: string, stack: string, runId: string): Promise<void> {
  const { command, env } = commandOf(target, ['console', '--stack', stack, '--read-only'])
  const child = spawn(process.execPath, command, { env, cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const url = new URL(line.trim())
    const entered = await fetch(url, { redirect: 'manual' })
    const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const get = async (path: string) =>
      (await fetch(`${url.origin}/api${path}`, { headers: { cookie } })).json() as Promise<unknown>
    const run = (await get(`/runs/${runId}`)) as { status: string }
    expectEqual('the run in the console', run.status, 'completed')
    const { blueprints } = (await get('/blueprints')) as {
      blueprints: { blueprintId: string; version?: string }[]
    }
    const order = blueprints.find(({ blueprintId }) => blueprintId === 'order')
    expectThat('the version of the workers in the console', order?.version !== undefined, blueprints)
    const { inputSchema } = (await get('/blueprints/order')) as { inputSchema?: { required?: string[] } }
    expectEqual('what a start needs', inputSchema?.required, ['orderId', 'total'])
  } finally {
    child.kill()
  }
}

/** The command from source, with the target's endpoint and credentials. */
function terminal(target: Target, cwd: string, args: string[], expected = 0): Promise<string> {
  const { command, env } = commandOf(target, args)
  return runCommand(process.execPath, command, { env, cwd, timeoutMs: TIMEOUT_MS, expected })
}

function commandOf({ cliEnv }: Target, args: string[]) {
  const tsx = join(repository, 'node_modules/tsx/dist/cli.mjs')
  const command = [tsx, join(repository, 'bin/flowcraft-aws.ts'), ...args]
  // Node takes the certificate of the emulator by a variable of its own.
  return { command, env: { ...cliEnv, NODE_EXTRA_CA_CERTS: cliEnv['AWS_CA_BUNDLE'] } }
}
