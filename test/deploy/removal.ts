/** Takes a stack away with all that it kept, also where its deployment or its destruction failed. */
import { DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import type { Clients } from './deployment.ts'
import { isUnknownStack, leftOf, removeKept, resourcesOf } from './leftovers.ts'
import { eventually } from './steps.ts'
import type { Target } from './target.ts'

/** CodeDeploy, a global table and a rollback may come together. */
const SETTLED_AFTER_MS = 1_800_000

/** A stack's status, undefined where there is none. A name finds only stacks that are there, an id deleted ones too. */
async function statusOf({ cloudFormation }: Clients, StackName: string): Promise<string | undefined> {
  try {
    const { Stacks: [stack] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }))
    return stack?.StackStatus
  } catch (error) {
    if (isUnknownStack(error)) return undefined
    throw error
  }
}

/** Whoever was killed in the middle of a deployment leaves CloudFormation at work: nothing can be deleted before it ends. */
async function settled(clients: Clients, stackName: string): Promise<string> {
  return eventually(
    `stack '${stackName}' to be at rest`,
    async (seen) => {
      const status = await statusOf(clients, stackName)
      seen(status)
      return isAtRest(status) ? (status ?? 'none') : undefined
    },
    SETTLED_AFTER_MS,
  )
}

export function isAtRest(status: string | undefined): boolean {
  return !status?.endsWith('_IN_PROGRESS')
}

/**
 * By CloudFormation alone, whatever state the stack is in. What it cannot delete, a bucket that is not empty say, it is told to keep,
 * and that is removed with all that RETAIN kept.
 * @throws Error that names what is still there
 */
export async function removeStack(clients: Clients, stackName: string): Promise<void> {
  if ((await settled(clients, stackName)) === 'none') return
  const resources = await resourcesOf(clients, stackName)
  const { cloudFormation } = clients
  await cloudFormation.send(new DeleteStackCommand({ StackName: stackName }))
  if ((await settled(clients, stackName)) === 'DELETE_FAILED') {
    const RetainResources = await undeleted(clients, stackName)
    await cloudFormation.send(new DeleteStackCommand({ StackName: stackName, RetainResources }))
    const status = await settled(clients, stackName)
    if (status !== 'none')
      throw new Error(`stack '${stackName}' is ${status}, also without ${RetainResources.join(', ')}`)
  }
  await removeKept(clients, await leftOf(clients, resources))
}

async function undeleted(clients: Clients, stackName: string): Promise<string[]> {
  const all = await resourcesOf(clients, stackName)
  return all.flatMap(({ status, logicalId }) => (status === 'DELETE_FAILED' ? [logicalId] : []))
}

/**
 * Removes stacks after a failure, each for itself. Never throws: the failure that led here is what matters.
 * @returns what could not be removed, for whoever must do it by hand
 */
async function removeAll(clients: Clients, stackNames: readonly string[]): Promise<string[]> {
  const troubles: string[] = []
  for (const stackName of stackNames) {
    try {
      await removeStack(clients, stackName)
    } catch (error) {
      troubles.push(`${stackName}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return troubles
}

/**
 * What is done with stacks that must not outlive a failure in somebody's account. The emulator ends with all that it has.
 * @throws Error that `work` threw, after stacks of those names are gone
 */
export async function cleanly<Result>(
  target: Pick<Target, 'isEmulator'>,
  clients: Clients,
  stackNames: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (target.isEmulator) throw error
    for (const trouble of await removeAll(clients, stackNames))
      console.error(`still there, remove it by hand: ${trouble}`)
    throw error
  }
}
