/** The whole context of a run is read in few requests, a bounded number at a time, and each value is decoded once. */
import { createFlow, JsonSerializer, type NodeContext, NullLogger } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { RunReader } from '../../../lib/core/values/run-reader.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { withMethods } from '../../support/one-message.ts'

const VALUES = 100
const AT_A_TIME = 20

function chain(length: number) {
  const flow = createFlow('chain')
  for (let at = 0; at < length; at++) {
    flow.node(`n${at}`, async ({ context }: NodeContext) => {
      if (at === 7) await context.set('key', 'k'.repeat(1_000))
      return { output: `${at} `.repeat(300) }
    })
  }
  for (let at = 1; at < length; at++) flow.edge(`n${at - 1}`, `n${at}`)
  return flow
}

/** A run of so many values, and a reader that counts. */
async function counting({ readsTogether = false, fails = false } = {}) {
  const flow = chain(VALUES - 1)
  const service = new TestService({ flows: [flow], logger: new NullLogger() })
  const { runId } = await service.start({ blueprintId: 'chain' })
  await service.settle()
  const counts = { gets: 0, together: 0, atATime: 0, decodes: 0 }
  let open = 0
  const { store } = service.services
  const counted = withMethods(store, {
    getValue: async (...args) => {
      counts.gets++
      counts.atATime = Math.max(counts.atATime, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open--
      if (fails && args[1].startsWith('3.')) return undefined
      return store.getValue(...args)
    },
    getValues: async (...args) => {
      counts.together++
      const found = new Map(await store.getValues(...args))
      if (fails) for (const key of found.keys()) if (key.startsWith('3.')) found.delete(key)
      return found
    },
  })
  class Counting extends JsonSerializer {
    override deserialize(text: string) {
      counts.decodes++
      return super.deserialize(text)
    }
  }
  const values = new ValueStore({ store: counted, serializer: new Counting(), readsTogether })
  const run = (await store.read(runId))!
  const graph = service.services.graphs.current('chain')
  return { reader: new RunReader({ graph, run, store, values }), counts, service, runId }
}

describe('the context of a run of 100 values', () => {
  it('is read by one request for all of them, by who may', async () => {
    const { reader, counts, service, runId } = await counting({ readsTogether: true })

    const context = await reader.all()

    expect(counts).toEqual({ gets: 0, together: 1, atATime: 0, decodes: VALUES })
    const { context: described } = await service.get(runId)
    expect({ ...context, _executionId: runId }).toEqual(described)
    expect(context['_inputs.n5']).toBe(context['_outputs.n4'])
    expect(context['n4']).toBe(context['_outputs.n4'])
  })

  it('is read one by one by a worker, twenty at a time, each once', async () => {
    const { reader, counts } = await counting()

    await reader.all()

    expect(counts).toEqual({ gets: VALUES, together: 0, atATime: AT_A_TIME, decodes: VALUES })
  })

  it.each([true, false])(
    'tells what of it is lost, under each of its keys (together: %s)',
    async (together) => {
      const { reader } = await counting({ readsTogether: together, fails: true })
      const lost: { key: string; reason: string }[] = []

      const context = await reader.allBut(lost)

      expect(lost.map(({ key }) => key).toSorted()).toEqual(['_inputs.n4', '_outputs.n3', 'n3'])
      expect(lost[0]?.reason).toContain('the table has no such item')
      expect(Object.keys(context)).toHaveLength(3 * (VALUES - 1) - 1 - 3 + 1)
      await expect(reader.all()).rejects.toMatchObject({ code: 'VALUE_LOST' })
    },
  )
})
