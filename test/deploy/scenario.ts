/** The life of a deployment: bootstrap, deploy, use, deploy anew while a run is under way, destroy. */
import { randomUUID } from 'node:crypto'
import { cdk } from './cdk.ts'
import { type Clients, clientsOf, type Outputs } from './deployment.ts'
import { exercise } from './exercise.ts'
import { isKept, leftOf, removeKept, resourcesOf } from './leftovers.ts'
import { lastTroubles } from './logs.ts'
import { deployNewProject } from './new-project.ts'
import { Service } from './service.ts'
import { compare, deploy, destroy, synthesise, templateOf, variants } from './stack.ts'
import { deployStages } from './stages.ts'
import { expectEqual, expectThat, type Steps } from './steps.ts'
import type { Target } from './target.ts'
import { deployVersions } from './versions.ts'

/** A worker that was killed holds its lease for the function's timeout of a minute. */
const BRIDGED_AFTER_MS = 180_000

export async function scenario(target: Target, steps: Steps): Promise<void> {
  const clients = clientsOf(target)
  let assembly = ''
  let outputs: Outputs | undefined

  // A real account is bootstrapped by whoever owns it.
  if (target.isEmulator) {
    await steps.run('cdk bootstrap', async () => {
      await cdk(target, ['bootstrap'])
    })
  }
  try {
    await steps.run('cdk deploy, the example', async () => {
      assembly = await synthesise(target, variants.example)
      await deploy(target, assembly)
    })
    await steps.run('cdk deploy, dev and prod of one app side by side', () => deployStages(target))
    await steps.run('cdk deploy of versions, behind an alias', () => deployVersions(target))
    await steps.run('cdk deploy of a new project, used from the terminal', () => deployNewProject(target))
    await steps.run('cdk deploy -c entry, with a function that may start runs', async () => {
      assembly = await synthesise(target, variants.first)
      outputs = await deploy(target, assembly)
    })
    if (!outputs) return
    await exercise({ target, steps, clients, outputs })
    const service = new Service({ target, clients, outputs })

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
      expectEqual('messages in the dead-letter queue', await service.deadLetters(), 0)
      return `${laps.length} laps`
    })
    await steps.run('cdk diff finds nothing', () => compare(target, assembly))
  } catch (error) {
    if (outputs) console.error(await troublesOf(clients, outputs))
    if (!target.isEmulator) await remove(target, clients, assembly)
    throw error
  }

  const resources = await resourcesOf(clients, target.stackName)
  const template = await templateOf(target, assembly)
  await steps.run('cdk destroy', () => destroy(target, assembly))
  await steps.run('nothing is left but what RETAIN keeps', async () => {
    const kept = resources.filter((resource) => isKept(template, resource)).map(({ id }) => id)
    const left = await leftOf(clients, resources)
    expectEqual('what is left', left.map(({ id }) => id).toSorted(), kept.toSorted())
    await removeKept(clients, left)
    return `kept, and now removed: ${[...new Set(left.map(({ type }) => type))].join(', ')}`
  })
}

/** The last lap is made by whatever code finds that it is not the old one. */
function isBridge(laps: readonly number[]): boolean {
  return laps.length > 1 && laps.at(-1) === 2 && laps.slice(0, -1).every((release) => release === 1)
}

/** After a failure, whose account must be as it was before. */
async function remove(target: Target, clients: Clients, assembly: string): Promise<void> {
  if (assembly === '') return
  const resources = await resourcesOf(clients, target.stackName)
  await destroy(target, assembly)
  await removeKept(clients, await leftOf(clients, resources))
}

async function troublesOf(clients: Clients, outputs: Outputs): Promise<string> {
  try {
    return ['what the functions logged:', ...(await lastTroubles(clients, outputs))].join('\n')
  } catch (error) {
    return `what the functions logged cannot be read: ${String(error)}`
  }
}
