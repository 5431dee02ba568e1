/**
 * Each request of a run with a child, and of a run with a batch, once without an answer: applied or not, with the
 * SDK's repeats and without. Whichever it is, the run ends as it should.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { NodeContext } from 'flowcraft'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RunClient, type RunDescription, SqsAdapter } from '../../lib/index.ts'
import { type InterceptedRequest, type LocalAws, type Outcome, startLocalAws } from '../../lib/local/index.ts'
import { graph, type Setup, trail, value } from '../conformance/case.ts'
import { awsOptions } from '../support/service.ts'
import { depth, deployOn, drain, quiet } from './driver.ts'

let aws: LocalAws

beforeAll(async () => {
  aws = await startLocalAws()
})
afterEach(() => aws.intercept(undefined))
afterAll(() => aws.stop())

const subflow = (): Setup =>
  graph(
    { start: value(4), call: { run: 'subflow', params: { blueprintId: 'child' } }, end: trail('end') },
    ['start>call', 'call>end'],
    {
      blueprints: [
        {
          id: 'child',
          nodes: [
            { id: 'c0', uses: 'increment' },
            { id: 'c1', uses: 'increment' },
          ],
          edges: [{ source: 'c0', target: 'c1' }],
        },
      ],
      builtIn: { increment: async ({ input }: NodeContext) => ({ output: Number(input) + 1 }) },
    },
  )

const batch = (): Setup =>
  graph(
    {
      start: value([1, 2, 3]),
      scatter: {
        run: 'batch-scatter',
        inputs: 'start',
        params: { workerUsesKey: 'double', outputKey: 'results', gatherNodeId: 'gather' },
      },
      gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'gather' } },
      end: async ({ context }) => ({ output: await context.get('results') }),
    },
    ['start>scatter', 'scatter>gather', 'gather>end'],
    { builtIn: { double: async ({ input }: NodeContext) => ({ output: Number(input) * 2 }) } },
  )

const flows: Record<string, { make: () => Setup; end: unknown }> = {
  'a run with a child': { make: subflow, end: ['end', 6] },
  'a run with a batch of 3': { make: batch, end: [2, 4, 6] },
}

/** Which run a request belongs to, told by the run's id in it, and the how manieth of its requests it is. */
function turns(ids: readonly string[]): {
  readonly counts: Map<string, number>
  readonly next: (request: InterceptedRequest) => { id: string; count: number } | undefined
} {
  const counts = new Map<string, number>()
  return {
    counts,
    next({ body, operation }) {
      const text = operation === 'DeleteMessage' ? '' : JSON.stringify(body)
      const id = ids.find((one) => text.includes(one))
      if (id === undefined) return undefined
      const count = (counts.get(id) ?? 0) + 1
      counts.set(id, count)
      return { id, count }
    },
  }
}

interface Campaign {
  readonly runs: readonly RunDescription[]
  readonly counts: ReadonlyMap<string, number>
  readonly errors: readonly unknown[]
  readonly dead: number
}

/** Starts so many runs, and lets the nth request of the nth run come to this. */
async function campaign(
  make: () => Setup,
  runs: number,
  outcome: Outcome,
  attempts: number,
): Promise<Campaign> {
  const deployment = await deployOn(aws)
  const clients = {
    sqsClient: new SQSClient({ ...aws.clientConfig.sqs, maxAttempts: attempts }),
    dynamoDbClient: new DynamoDBClient({ ...aws.clientConfig.dynamodb, maxAttempts: attempts }),
  }
  const { blueprint, registry, blueprints = [] } = make()
  const all = Object.fromEntries([blueprint, ...blueprints].map((one) => [one.id, one]))
  const runtimeOptions = { logger: quiet, blueprints: all, registry }
  const adapter = new SqsAdapter({ ...awsOptions(deployment), ...clients, ...runtimeOptions })
  const client = new RunClient(awsOptions(deployment))
  const ids = Array.from({ length: runs }, (_, at) => `run-${at + 1}-`)
  for (const runId of ids) await client.start({ blueprintId: blueprint.id, runId })
  const { counts, next } = turns(ids)
  aws.intercept((request) => {
    const turn = next(request)
    return turn && turn.id === `run-${turn.count}-` ? outcome : 'forward'
  })
  const errors: unknown[] = []
  // Leases that nobody gave back end soon: with the invocation, and a margin of 2 s for clocks.
  await drain(deployment, adapter, { deadlineMs: 200, onError: (error) => errors.push(error) })
  aws.intercept(undefined)
  const described = await Promise.all(ids.map((runId) => client.get(runId)))
  const { visible } = await depth(deployment, deployment.deadLetterQueueUrl)
  for (const one of Object.values(clients)) one.destroy()
  return { runs: described, counts, errors, dead: visible }
}

for (const [what, { make, end }] of Object.entries(flows)) {
  describe(`an answer that is lost in ${what}`, () => {
    for (const [outcome, attempts] of [
      ['lose', 1],
      ['lose', 3],
      ['drop', 1],
    ] as const) {
      it(`(${outcome}, ${attempts} attempts) leaves it to end as it should, whichever request it is`, async () => {
        const undisturbed = await campaign(make, 1, 'forward', attempts)
        const requests = undisturbed.counts.get('run-1-') ?? 0
        expect(requests).toBeGreaterThan(20)
        expect(undisturbed.runs[0]).toMatchObject({ status: 'completed', context: { end } })

        // Some more, since a run that is disturbed has more requests.
        const { runs, counts, errors, dead } = await campaign(make, requests + 5, outcome, attempts)

        for (const run of runs) {
          expect([run.runId, run.status, run.context['end']]).toEqual([run.runId, 'completed', end])
          expect(run).not.toHaveProperty('errors')
        }
        // Each request of a run had its turn.
        const turned = runs.filter(({ runId }) => (counts.get(runId) ?? 0) >= Number(runId.split('-')[1]))
        expect(turned.length).toBeGreaterThanOrEqual(requests)
        expect(errors.length > 0).toBe(attempts === 1)
        expect(dead).toBe(0)
      }, 60_000)
    }
  })
}
