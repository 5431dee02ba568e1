/** The stack under test: synthesised, deployed, compared and destroyed by the CDK CLI. */
import { join } from 'node:path'
import { cdk } from './cdk.ts'
import { type Outputs, readOutputs } from './deployment.ts'
import type { Target } from './target.ts'
import { forEmulator, readTemplate, type Template, writeTemplate } from './templates.ts'

const OUTPUTS_FILE = 'outputs.json'

export interface Variant {
  /** Names the folder of what is synthesised. */
  readonly name: string
  /** @default - what cdk.json says */
  readonly app?: string
  /** @default - the app's */
  readonly entry?: string
}

const TEST_APP = 'npx tsx test/deploy/app/app.ts'

export const variants = {
  /** What `npx cdk deploy` in this repository deploys. */
  example: { name: 'example' },
  first: { name: 'first', app: TEST_APP, entry: 'test/deploy/app/worker.ts' },
  next: { name: 'next', app: TEST_APP, entry: 'test/deploy/app/next-worker.ts' },
} as const satisfies Record<string, Variant>

/** @returns the folder of the cloud assembly */
export async function synthesise(target: Target, { name, app, entry }: Variant): Promise<string> {
  const { folder, stackName, isEmulator } = target
  const assembly = join(folder, `${name}.out`)
  // On the emulator nobody waits for it: see starts.ts.
  const schedule = isEmulator ? 'rate(365 days)' : 'rate(1 minute)'
  const context = { stackName, schedule, ...(entry === undefined ? {} : { entry }) }
  await cdk(target, ['synth', '--quiet'], { app, output: assembly, context })
  if (isEmulator) {
    await writeTemplate(assembly, stackName, forEmulator(await readTemplate(assembly, stackName)))
  }
  return assembly
}

export async function deploy(target: Target, assembly: string): Promise<Outputs> {
  const file = join(target.folder, OUTPUTS_FILE)
  await cdk(target, ['deploy', '--require-approval', 'never', '--outputs-file', file], { app: assembly })
  return readOutputs(file, target.stackName)
}

/** @throws Error where the deployed stack differs from what was synthesised */
export async function compare(target: Target, assembly: string): Promise<void> {
  await cdk(target, ['diff', '--fail'], { app: assembly })
}

export async function destroy(target: Target, assembly: string): Promise<void> {
  await cdk(target, ['destroy', '--force'], { app: assembly })
}

export function templateOf(target: Target, assembly: string): Promise<Template> {
  return readTemplate(assembly, target.stackName)
}
