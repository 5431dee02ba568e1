/** A service with `deployment`: its new code is a new version, to which the alias goes that the queue feeds. */
import { GetAliasCommand, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda'
import { type Clients, clientsOf, type Outputs } from './deployment.ts'
import type { PlannedStack } from './plan.ts'
import { cleanly } from './removal.ts'
import { Service } from './service.ts'
import { deploy, destroy, synthesise, templateOf, type Variant } from './stack.ts'
import { eventually, expectEqual, expectThat } from './steps.ts'
import type { Target } from './target.ts'

const APP = 'npx tsx test/deploy/app/versions.ts'
const first: Variant = { name: 'version-1', app: APP, entry: 'test/deploy/app/worker.ts' }
const next: Variant = { name: 'version-2', app: APP, entry: 'test/deploy/app/next-worker.ts' }

/** @throws Error where the alias or the run does not go on to the new version */
export async function deployVersions(shared: Target): Promise<string> {
  const target = { ...shared, stackName: stackNameOf(shared) }
  const clients = clientsOf(target)
  return cleanly(target, clients, [target.stackName], async () => {
    const assembly = await synthesise(target, first)
    const outputs = await deploy(target, assembly)
    expectEqual('the version of the first deploy', await versionOf(clients, outputs), '1')
    await expectMapping(clients, outputs)

    const service = new Service({ target, clients, outputs, patienceMs: 180_000 })
    await service.survivesKills()
    const { runId } = await service.runs.start({ blueprintId: 'bridge' })
    await eventually('a lap', () => lapsOf(service, runId), service.patienceMs)
    await deploy(target, await synthesise(target, next))

    expectEqual('the version of the next deploy', await versionOf(clients, outputs), '2')
    await expectMapping(clients, outputs)
    const laps = (await service.completed(runId)).context['laps'] as number[]
    expectThat('laps by the old version, then one by the new', laps[0] === 1 && laps.at(-1) === 2, laps)
    await destroy(target, assembly)
    return `${laps.length} laps`
  })
}

export async function plannedVersions(shared: Target): Promise<PlannedStack> {
  const target = { ...shared, stackName: stackNameOf(shared) }
  return {
    stackName: target.stackName,
    template: await templateOf(target, await synthesise(target, first)),
  }
}

function stackNameOf({ stackName }: Target): string {
  return `${stackName}-versions`
}

async function lapsOf(service: Service, runId: string): Promise<unknown> {
  return (await service.runs.get(runId)).context['laps']
}

async function versionOf({ lambda }: Clients, outputs: Outputs): Promise<string | undefined> {
  const command = new GetAliasCommand({ FunctionName: outputs.WorkerFunctionName, Name: 'live' })
  return (await lambda.send(command)).FunctionVersion
}

async function expectMapping({ lambda }: Clients, outputs: Outputs): Promise<void> {
  const FunctionName = `${outputs.WorkerFunctionName}:live`
  const { EventSourceMappings: all = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName }),
  )
  const fed = all.map(({ FunctionArn: arn = '' }) => arn.split(':').slice(6).join(':'))
  expectEqual('what the queue feeds', fed, [FunctionName])
}
