/** Two stages of one app in one account and region: the stack's name tells them apart, and nothing else. */
import { join } from 'node:path'
import { cdk } from './cdk.ts'
import type { Target } from './target.ts'
import { forEmulator, readTemplate, writeTemplate } from './templates.ts'

const APP = 'npx tsx test/deploy/app/stages.ts'
/** The stack's id in the app, by which the CLI calls its files. */
const STACK_ID = 'Stages'

/** @throws Error where the second stage cannot be deployed beside the first */
export async function deployStages(target: Target): Promise<void> {
  const deployed: string[] = []
  try {
    for (const stage of ['dev', 'prod']) {
      const assembly = await synthesise(target, stage)
      deployed.push(assembly)
      await cdk(target, ['deploy', '--require-approval', 'never'], { app: assembly })
    }
  } finally {
    for (const assembly of deployed.toReversed()) await cdk(target, ['destroy', '--force'], { app: assembly })
  }
}

async function synthesise({ folder, isEmulator, ...target }: Target, stage: string): Promise<string> {
  const assembly = join(folder, `${stage}.out`)
  const context = { stackName: `${target.stackName}-${stage}` }
  await cdk(target, ['synth', '--quiet'], { app: APP, output: assembly, context })
  if (isEmulator) {
    await writeTemplate(assembly, STACK_ID, forEmulator(await readTemplate(assembly, STACK_ID)))
  }
  return assembly
}
