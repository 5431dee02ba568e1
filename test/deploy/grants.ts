/**
 * `npm run test:deploy -- --without-grants`: takes each permission of the template away in turn and shows which step
 * fails for it. One that nothing fails for is too much, or is not exercised.
 */
import { UpdateStackCommand, waitUntilStackUpdateComplete } from '@aws-sdk/client-cloudformation'
import { PurgeQueueCommand } from '@aws-sdk/client-sqs'
import pc from 'picocolors'
import { cdk } from './cdk.ts'
import { type Clients, clientsOf } from './deployment.ts'
import { exercise } from './exercise.ts'
import { deploy, synthesise, templateOf, variants } from './stack.ts'
import { StepFailure, Steps } from './steps.ts'
import type { Target } from './target.ts'
import { permissionsOf, type Template, without } from './templates.ts'

/** A worker that may not do something repeats it for minutes; a run that is fine takes a second or two. */
const PATIENCE_MS = 15_000

export interface GrantsOptions {
  /** Only permissions whose names contain one of these. @default - all */
  readonly only?: readonly string[]
}

export async function tryGrants(
  target: Target,
  steps: Steps,
  { only = [''] }: GrantsOptions = {},
): Promise<void> {
  if (!target.isEmulator)
    throw new Error('--without-grants is for the emulator: it breaks the deployment on purpose')
  const clients = clientsOf(target)
  await steps.run('cdk bootstrap', async () => {
    await cdk(target, ['bootstrap'])
  })
  const assembly = await synthesise(target, variants.first)
  const template = await templateOf(target, assembly)
  const outputs = await deploy(target, assembly)
  const options = { target, clients, outputs, patienceMs: PATIENCE_MS, invokesSweep: true }
  await exercise({ ...options, steps })

  const idle: string[] = []
  for (const permission of permissionsOf(template)) {
    if (!only.some((part) => permission.name.includes(part))) continue
    await update(clients, target.stackName, restarted(without(template, permission), permission.name))
    // What the one before left undone would be done now, or be in the way.
    for (const QueueUrl of [outputs.QueueUrl, outputs.EndsQueueUrl, outputs.FulfilledQueueUrl])
      await clients.sqs.send(new PurgeQueueCommand({ QueueUrl }))
    const failure = await failureOf(exercise({ ...options, steps: new Steps({ prints: false }) }))
    if (!failure) idle.push(permission.name)
    const result = failure ? `${pc.green('fails')}  ${failure.message}` : pc.red('nothing fails')
    console.log(`  ${permission.name.padEnd(72)} ${result}`)
  }
  if (idle.length > 0) {
    throw new StepFailure('each permission is needed', new Error(`nothing needs\n  ${idle.join('\n  ')}`))
  }
}

/** With new processes: warm ones remember graphs that they read when they still might. */
function restarted(template: Template, why: string): Template {
  const copy = structuredClone(template)
  for (const { Type: type, Properties: properties } of Object.values(copy.Resources)) {
    if (type !== 'AWS::Lambda::Function' || !properties) continue
    const { Variables: variables } = (properties['Environment'] ?? {}) as { Variables?: object }
    properties['Environment'] = { Variables: { ...variables, WITHOUT: why } }
  }
  return copy
}

/** By CloudFormation alone: the code is there, and the CLI would take most of the time. */
async function update({ cloudFormation }: Clients, StackName: string, template: Template): Promise<void> {
  const TemplateBody = JSON.stringify(template)
  const Capabilities = ['CAPABILITY_IAM'] as const
  const request = { StackName, TemplateBody, Capabilities: [...Capabilities] }
  await cloudFormation.send(new UpdateStackCommand(request))
  await waitUntilStackUpdateComplete({ client: cloudFormation, maxWaitTime: 60, minDelay: 1 }, { StackName })
}

async function failureOf(work: Promise<void>): Promise<StepFailure | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof StepFailure) return error
    throw error
  }
}
