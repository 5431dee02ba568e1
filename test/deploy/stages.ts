/** Two stages of one app in one account and region: the stack's name tells them apart, and nothing else. */
import { join } from 'node:path'
import { cdk } from './cdk.ts'
import { clientsOf } from './deployment.ts'
import type { PlannedStack } from './plan.ts'
import { cleanly } from './removal.ts'
import type { Target } from './target.ts'
import { forEmulator, readTemplate, writeTemplate } from './templates.ts'

const APP = 'npx tsx test/deploy/app/stages.ts'
/** The stack's id in the app, by which the CLI calls its files. */
const STACK_ID = 'Stages'

const STAGES = ['dev', 'prod'] as const

/** @throws Error where the second stage cannot be deployed beside the first */
export async function deployStages(target: Target): Promise<void> {
  const names = STAGES.map((stage) => stackNameOf(target, stage))
  await cleanly(target, clientsOf(target), names, async () => {
    const deployed: string[] = []
    for (const stage of STAGES) {
      const assembly = await synthesise(target, stage)
      deployed.push(assembly)
      await cdk(target, ['deploy', '--require-approval', 'never'], { app: assembly })
    }
    for (const assembly of deployed.toReversed()) await cdk(target, ['destroy', '--force'], { app: assembly })
  })
}

export async function plannedStages(target: Target): Promise<PlannedStack[]> {
  const planned: PlannedStack[] = []
  for (const stage of STAGES) {
    const template = await readTemplate(await synthesise(target, stage), STACK_ID)
    planned.push({ stackName: stackNameOf(target, stage), template })
  }
  return planned
}

function stackNameOf({ stackName }: Target, stage: string): string {
  return `${stackName}-${stage}`
}

async function synthesise(target: Target, stage: string): Promise<string> {
  const { folder, isEmulator } = target
  const assembly = join(folder, `${stage}.out`)
  const context = { stackName: stackNameOf(target, stage) }
  await cdk(target, ['synth', '--quiet'], { app: APP, output: assembly, context })
  if (isEmulator) {
    await writeTemplate(assembly, STACK_ID, forEmulator(await readTemplate(assembly, STACK_ID)))
  }
  return assembly
}
