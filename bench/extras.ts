/** What is measured beside the shapes: a client's look, the function that starts runs, the protocol without services. */
import { createStartRunHandler } from '../lib/index.ts'
import type { LocalAws } from '../lib/local/index.ts'
import { TestService } from '../lib/testing/index.ts'
import type { BundleSize } from './bundles.ts'
import type { ColdStart } from './cold-start.ts'
import type { WorkerProcess } from './function.ts'
import { measure } from './measure.ts'
import { registrationOf } from './registration.ts'

export interface Extras {
  /** Of `RunClient.get`, to DynamoDB, of a run of 100 nodes with outputs of 1 KB. */
  readonly getRequests?: number
  /** A chain of ten that the package's own StartRun function starts, for a million nodes. */
  readonly startRunUsd?: number
  /** CPU of a node in milliseconds, in memory: the protocol and the engine. */
  readonly protocol?: { readonly cpuMs100: number; readonly cpuMs2000: number }
  readonly coldStart?: readonly ColdStart[]
  readonly bundles?: readonly BundleSize[]
}

export async function measureExtras(
  aws: LocalAws,
  worker: WorkerProcess,
): Promise<Pick<Extras, 'getRequests' | 'startRunUsd' | 'protocol'>> {
  let getRequests = 0
  await measure(
    aws,
    worker,
    { shape: 'chain100', variant: '1kb', workers: '5x10' },
    {
      after: async (client, runId) => {
        const before = aws.meter.snapshot()
        await client.get(runId)
        getRequests = aws.meter.since(before).dynamodb.requests
      },
    },
  )
  const { usdPerMillionNodes: startRunUsd } = await measure(
    aws,
    worker,
    { shape: 'chain10', variant: 'tiny', workers: '5x10' },
    // As `lambdas/start-run.ts`, which knows no blueprint.
    {
      start: (places, blueprintId) => createStartRunHandler({ ...places, ...aws.clients })({ blueprintId }),
    },
  )
  return { getRequests, startRunUsd, protocol: await measureProtocol() }
}

const ROUNDS = 5

/** In turn, so that whatever else this computer does meets both; the least of each is what has least of that. */
async function measureProtocol(): Promise<NonNullable<Extras['protocol']>> {
  const [short, long] = [serviceOf('chain100'), serviceOf('chain2000')]
  const [shorts, longs]: [number[], number[]] = [[], []]
  await cpuOf(short, 'chain100', 20)
  for (let round = 0; round < ROUNDS; round++) {
    shorts.push((await cpuOf(short, 'chain100', 20)) / 2_000)
    longs.push((await cpuOf(long, 'chain2000', 1)) / 2_000)
  }
  return { cpuMs100: Math.min(...shorts), cpuMs2000: Math.min(...longs) }
}

function serviceOf(shape: string): TestService {
  return new TestService({ ...registrationOf(shape, 'tiny'), history: 'none' })
}

async function cpuOf(service: TestService, shape: string, runs: number): Promise<number> {
  const before = process.cpuUsage()
  for (let run = 0; run < runs; run++) {
    const { status } = await service.run({ blueprintId: `${shape}-tiny` })
    if (status !== 'completed') throw new Error(`a run in memory ended ${status}`)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
