/** Flowcraft's own runtime, in memory, with `extendRuntime`: what conformance cases do not say. */
import {
  createDefaultContainer,
  createFlow,
  FlowRuntime,
  type NodeConfig,
  type RuntimeOptions,
} from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { reserveInMemory } from '../../examples/retries/in-memory.ts'
import { extendRuntime } from '../../lib/index.ts'

/** A node that fails so often, and what came of it. */
async function inMemory(config: NodeConfig, failures: number, options: RuntimeOptions = {}) {
  const waited: number[] = []
  let tries = 0
  const run = async () => {
    if (++tries <= failures) throw new Error('down')
    return { output: tries }
  }
  const flow = createFlow('one').node('a', run, { config })
  const registry = Object.fromEntries(flow.getFunctionRegistry())
  const runtime = extendRuntime(new FlowRuntime({ ...options, registry }), {
    pause: async (ms) => void waited.push(ms),
  })
  const { status, errors } = await runtime.run(flow.toBlueprint())
  return { status, tries, waited, errors }
}

const call = (id: string, blueprintId: string, config: NodeConfig) => ({
  id,
  nodes: [{ id: `${id} call`, uses: 'subflow', params: { blueprintId }, config }],
  edges: [],
})

describe('extendRuntime', () => {
  it('waits as the policy says', async () => {
    expect(await inMemory({ retry: { maxAttempts: 5, delay: '1h', maxDelay: '3h' } }, 4)).toMatchObject({
      status: 'completed',
      tries: 5,
      waited: [3_600_000, 7_200_000, 10_800_000, 10_800_000],
    })
  })

  it('leaves nodes without a policy as they are', async () => {
    expect(await inMemory({ maxRetries: 3, retryDelay: 9 }, 2)).toMatchObject({
      status: 'completed',
      tries: 3,
      waited: [],
    })
  })

  it('waits by a timer where nothing else is said', async () => {
    let tries = 0
    const run = async () => {
      if (++tries === 1) throw new Error('down')
      return { output: tries }
    }
    const flow = createFlow('one').node('a', run, { config: { retry: { delay: 2 } } })
    const registry = Object.fromEntries(flow.getFunctionRegistry())
    const { context } = await extendRuntime(new FlowRuntime({ registry })).run(flow.toBlueprint())
    expect(context['a']).toBe(2)
  })

  it('runs the example', async () => {
    expect(await reserveInMemory(async () => 'reserved')).toBe('reserved')
  })

  it('fails a node whose policy is wrong, and says why', async () => {
    const { status, errors, tries } = await inMemory({ retry: { maxAttempts: 0 } }, 0)
    expect({ status, tries }).toEqual({ status: 'failed', tries: 0 })
    expect(JSON.stringify(errors?.[0]?.originalError)).toContain('INVALID_BLUEPRINT')
  })

  it('announces each further try', async () => {
    const attempts: unknown[] = []
    const eventBus: RuntimeOptions['eventBus'] = {
      emit: async (event) => {
        if (event.type === 'node:retry') attempts.push(event.payload)
      },
    }
    await inMemory({ retry: {} }, 2, { eventBus })
    expect(attempts).toMatchObject([1, 2].map((attempt) => ({ nodeId: 'a', attempt, blueprintId: 'one' })))
  })

  it('takes a runtime that was made of a container, and gives it back', () => {
    const runtime = new FlowRuntime(createDefaultContainer())
    expect(extendRuntime(runtime)).toBe(runtime)
  })

  it('tries a subflow by its own policy, and what is in it by theirs', async () => {
    let tries = 0
    const leaf = async () => {
      tries++
      throw new Error('down')
    }
    const inner = { id: 'inner', nodes: [{ id: 'leaf', uses: 'leaf' }], edges: [] }
    const middle = call('middle', 'inner', {})
    const outer = call('outer', 'middle', { retry: { maxAttempts: 3, delay: 0 } })
    const runtime = extendRuntime(new FlowRuntime({ registry: { leaf }, blueprints: { inner, middle } }))
    expect(await runtime.run(outer)).toMatchObject({ status: 'failed' })
    expect(tries).toBe(3)
  })
})
