/**
 * Nodes that set context keys with long names: each node's fit into the header, all together do not. Over DynamoDB's
 * API and over the store in memory; in both an item may have 400 KB.
 */
import type { NodeContext } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { messageOf } from '../../lib/core/common/errors.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { TestService } from '../../lib/testing/index.ts'
import { graph, type Setup } from '../conformance/case.ts'
import { deployOn } from './driver.ts'
import { Durable } from './durable.ts'

const NODES = 12
/** Of 300 bytes each, with what they hold about 48 KB a node: more of them would be a bundle. */
const KEYS = 150

const keyOf = (node: number, key: number) => `node ${node} sets key ${key} `.padEnd(300, '.')

function setter(node: number) {
  return async ({ context }: NodeContext) => {
    for (let key = 0; key < KEYS; key++) await context.set(keyOf(node, key), node)
    return { output: node }
  }
}

const numbers = Array.from({ length: NODES }, (_, node) => node)
const setters = Object.fromEntries(numbers.map((node) => [`n${node}`, setter(node)]))

const shapes: Record<string, () => Setup> = {
  'side by side': () =>
    graph(
      { start: async () => ({ output: 1 }), ...setters, end: async () => ({ output: 'end' }) },
      numbers.flatMap((node) => [`start>n${node}`, `n${node}>end`]),
    ),
  'one after another': () =>
    graph(
      setters,
      numbers.slice(1).map((node) => `n${node - 1}>n${node}`),
    ),
}

function expectAllKeys(run: { status: string; context: Readonly<Record<string, unknown>> }): void {
  expect(run.status).toBe('completed')
  const got = numbers.map((node) => run.context[keyOf(node, KEYS - 1)])
  expect(got).toEqual(numbers)
  expect(Object.keys(run.context).filter((key) => key.startsWith('node '))).toHaveLength(NODES * KEYS)
}

let aws: LocalAws

beforeAll(async () => {
  aws = await startLocalAws()
})
afterAll(() => aws.stop())

describe(`${NODES} nodes that set ${KEYS} context keys each`, () => {
  for (const [how, make] of Object.entries(shapes)) {
    it(`${how} end as in memory (store in memory)`, async () => {
      const { blueprint, registry } = make()
      const service = new TestService({
        blueprints: { case: blueprint },
        registry,
      })

      expectAllKeys(await service.run({ blueprintId: 'case' }))
    })

    it(`${how} end as in memory (DynamoDB)`, async () => {
      const durable = new Durable(await deployOn(aws), make())

      // The SDK's error holds whole sockets, which a report of it would print.
      const runId = await durable.start().catch((error: unknown) => expect.fail(messageOf(error)))

      expectAllKeys(await durable.client.get(runId))
    }, 180_000)
  }
})
