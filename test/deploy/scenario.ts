/** The life of a deployment: bootstrap, deploy, use, deploy anew while a run is under way, destroy. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { cdk } from './cdk.ts'
import { type Clients, clientsOf, type Outputs } from './deployment.ts'
import { exercise } from './exercise.ts'
import { isKept, leftOf, removeKept, resourcesOf } from './leftovers.ts'
import { lastTroubles } from './logs.ts'
import { deployNewProject, plannedProject } from './new-project.ts'
import type { PlannedStack } from './plan.ts'
import { becomeReady } from './ready.ts'
import { cleanly } from './removal.ts'
import { Service } from './service.ts'
import { compare, deploy, destroy, synthesise, templateOf, variants } from './stack.ts'
import { deployStages, plannedStages } from './stages.ts'
import { eventually, expectThat, type Steps } from './steps.ts'
import type { Target } from './target.ts'
import { deployVersions, plannedVersions } from './versions.ts'

/** A worker that was killed holds its lease for the function's timeout of a minute. */
const BRIDGED_AFTER_MS = 180_000
/** SQS takes a minute to delete a queue, Lambda some seconds for a mapping. */
const GONE_AFTER_MS = 180_000

/** How long a run may take that waits for nothing: on AWS after cold starts and polls of 20 seconds. */
const patienceOf = ({ isEmulator }: Target) => (isEmulator ? 60_000 : 180_000)

export async function scenario(target: Target, steps: Steps): Promise<void> {
  const clients = clientsOf(target)
  // A real account is bootstrapped by whoever owns it.
  if (target.isEmulator) {
    await steps.run('cdk bootstrap', async () => {
      await cdk(target, ['bootstrap'])
    })
  }
  await cleanly(target, clients, [target.stackName], async () => {
    await steps.run('cdk deploy, the example', async () => {
      await deploy(target, await synthesise(target, variants.example))
    })
    await steps.run('cdk deploy, dev and prod of one app side by side', () => deployStages(target))
    await steps.run('cdk deploy of versions, behind an alias', () => deployVersions(target))
    await steps.run('cdk deploy of a new project, used from the terminal', () => deployNewProject(target))
    const assembly = await used(target, steps, clients)
    await destroyed(target, steps, clients, assembly)
  })
}

/** @returns the folder of the cloud assembly that is deployed in the end */
async function used(target: Target, steps: Steps, clients: Clients): Promise<string> {
  let outputs: Outputs | undefined
  let assembly = ''
  try {
    await steps.run('cdk deploy -c entry, with a function that may start runs', async () => {
      assembly = await synthesise(target, variants.first)
      outputs = await deploy(target, assembly)
    })
    if (!outputs) throw new Error('expected outputs of the deployment')
    const options = { target, clients, outputs, patienceMs: patienceOf(target) }
    await steps.run('permissions, rules and the webhook are in force', () => becomeReady(options))
    await exercise({ ...options, steps })
    const service = new Service(options)

    const bridge = `bridge-${randomUUID()}`
    await steps.run('cdk deploy of other worker code while a run is under way', async () => {
      await service.survivesKills()
      await service.start({ blueprintId: 'bridge', runId: bridge })
      assembly = await synthesise(target, variants.next)
      await deploy(target, assembly)
    })
    await steps.run('the run goes on with the new code to its end, and nothing is lost', async () => {
      const { context } = await service.completed(bridge, BRIDGED_AFTER_MS)
      const laps = context['laps'] as number[]
      expectThat('laps by the old code, then one by the new', isBridge(laps), laps)
      await service.noDeadLetters()
      return `${laps.length} laps`
    })
    await steps.run('cdk diff finds nothing', () => compare(target, assembly))
    return assembly
  } catch (error) {
    if (outputs) console.error(await troublesOf(clients, outputs))
    throw error
  }
}

async function destroyed(target: Target, steps: Steps, clients: Clients, assembly: string): Promise<void> {
  const resources = await resourcesOf(clients, target.stackName)
  const template = await templateOf(target, assembly)
  await steps.run('cdk destroy', () => destroy(target, assembly))
  try {
    await steps.run('nothing is left but what RETAIN keeps', async () => {
      const kept = resources.filter((resource) => isKept(template, resource)).map(({ id }) => id)
      await eventually(
        `nothing but ${kept.join(', ')}`,
        async (seen) => {
          const left = (await leftOf(clients, resources)).map(({ id }) => id)
          seen(left)
          return isDeepStrictEqual(left.toSorted(), kept.toSorted()) || undefined
        },
        GONE_AFTER_MS,
      )
      return `kept, and now removed: ${kept.length}`
    })
  } finally {
    // The stack is gone: nobody else finds them.
    await removeKept(clients, await leftOf(clients, resources))
  }
}

/** Each stack with its template, as it would be deployed. */
export async function planned(target: Target): Promise<PlannedStack[]> {
  const { stackName } = target
  const template = await templateOf(target, await synthesise(target, variants.first))
  return [
    { stackName, template },
    ...(await plannedStages(target)),
    await plannedVersions(target),
    await plannedProject(target),
  ]
}

/** The last lap is made by whatever code finds that it is not the old one. */
function isBridge(laps: readonly number[]): boolean {
  return laps.length > 1 && laps.at(-1) === 2 && laps.slice(0, -1).every((release) => release === 1)
}

async function troublesOf(clients: Clients, outputs: Outputs): Promise<string> {
  try {
    return ['what the functions logged:', ...(await lastTroubles(clients, outputs))].join('\n')
  } catch (error) {
    return `what the functions logged cannot be read: ${String(error)}`
  }
}
