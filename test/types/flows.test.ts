/**
 * What the compiler knows of runs by `defineFlows`, and what it does not let through. `tsc` is the test: a line below
 * `@ts-expect-error` that compiles is an error of `npm run check`.
 */
import { createFlow } from 'flowcraft'
import * as v from 'valibot'
import { describe, expectTypeOf, it } from 'vitest'
import * as z from 'zod'
import {
  defineFlows,
  RunClient,
  type RunDescription,
  type Runs,
  type StartRunInvoker,
  type StartRunRequest,
  type StartRunResult,
  type TypedRuns,
} from '../../lib/index.ts'
import { TestService } from '../../lib/testing/index.ts'

interface Greeting {
  name: string
  loud?: boolean
}

const node = async () => ({ output: 1 })
const greeting = createFlow<Greeting>('greeting').node('hello', node)
const plain = createFlow('plain').node('a', node)
const order = createFlow<{ orderId: string; quantity: number; total: number }>('order').node('price', node)
const squares = createFlow<{ list: number[] }>('squares').batch('each', async () => ({ output: 'x' }), {
  inputKey: 'list',
  outputKey: 'all',
})
const quantity = z.object({ orderId: z.string(), quantity: z.number().default(1) })
const either = v.variant('kind', [
  v.object({ kind: v.literal('card'), number: v.string() }),
  v.object({ kind: v.literal('cash') }),
])

function define() {
  return defineFlows({
    greeting,
    plain,
    squares,
    order: { flow: order, input: quantity, waits: ['approval', 'payment'] },
    pay: { flow: createFlow('pay').node('a', node), input: either },
  })
}
type Flows = ReturnType<typeof define>

const clientOf = () => new RunClient({ flows: define() })
const serviceOf = () => new TestService({ flows: define() })
const listed = () => new TestService({ flows: [greeting, ...define()] })

/** Compiled, and never called. */
const compiled = (check: (runs: TypedRuns<Flows>) => Promise<void>) => void check
const compiledUntyped = (check: (runs: RunClient) => Promise<void>) => void check
const compiledAlone = (check: () => void) => void check

describe('with the types of flows', () => {
  it('a start takes ids and inputs that there are', () => {
    compiled(async (runs) => {
      await runs.start({ blueprintId: 'greeting', input: { name: 'Ada' } })
      await runs.start({ blueprintId: 'greeting', input: { name: 'Ada', loud: true }, runId: 'r' })
      // As in memory, where a run begins with any part of its context.
      await runs.start({ blueprintId: 'greeting' })
      await runs.start({ blueprintId: 'plain', input: { whatever: 1 } })
      await runs.start({ blueprintId: 'squares', input: { list: [1] } })
      await runs.start({ blueprintId: 'order', input: { orderId: 'A-17' } })
      await runs.start({ blueprintId: 'pay', input: { kind: 'card', number: '1' } })

      // @ts-expect-error no such blueprint
      await runs.start({ blueprintId: 'greting' })
      // @ts-expect-error no such key
      await runs.start({ blueprintId: 'greeting', input: { nam: 'Ada' } })
      // @ts-expect-error no text
      await runs.start({ blueprintId: 'greeting', input: { name: 1 } })
      // @ts-expect-error what the schema needs is missing
      await runs.start({ blueprintId: 'order', input: { quantity: 1 } })
      // @ts-expect-error so is all of it
      await runs.start({ blueprintId: 'order' })
      // @ts-expect-error a key of the flow's context that the schema does not have
      await runs.start({ blueprintId: 'order', input: { orderId: 'A', total: 1 } })
      // @ts-expect-error of two kinds, neither
      await runs.start({ blueprintId: 'pay', input: { kind: 'cash', number: '1' } })
      // @ts-expect-error no such option
      await runs.start({ blueprintId: 'plain', id: 'r' })
    })
  })

  it('an input may be of an interface, and must be that of each blueprint that is meant', () => {
    compiled(async (runs) => {
      const ada: Greeting = { name: 'Ada' }
      await runs.start({ blueprintId: 'greeting', input: ada })
      const id = ada.loud ? 'greeting' : 'order'
      // @ts-expect-error an order has none
      await runs.start({ blueprintId: id, input: ada })
    })
  })

  it('an id that a start gave says what the run has', () => {
    compiled(async (runs) => {
      const { runId } = await runs.start({ blueprintId: 'order', input: { orderId: 'A' } })
      const { blueprintId, context } = await runs.waitFor(runId)
      expectTypeOf(blueprintId).toEqualTypeOf<'order'>()
      expectTypeOf(context.orderId).toEqualTypeOf<string | undefined>()
      expectTypeOf(context.quantity).toEqualTypeOf<number | undefined>()
      expectTypeOf(context.total).toEqualTypeOf<number | undefined>()
      expectTypeOf(context['price']).toBeUnknown()
      const batch = await runs.get((await runs.start({ blueprintId: 'squares', input: { list: [] } })).runId)
      expectTypeOf(batch.context.all).toEqualTypeOf<string[] | undefined>()
    })
  })

  it('a run by any text is one of the flows, told by its blueprint', () => {
    compiled(async (runs) => {
      const run = await runs.get('r')
      expectTypeOf(run.blueprintId).toEqualTypeOf<'greeting' | 'plain' | 'squares' | 'order' | 'pay'>()
      if (run.blueprintId === 'greeting') expectTypeOf(run.context.name).toEqualTypeOf<string | undefined>()
      const named = await runs.get<'greeting'>('r')
      expectTypeOf(named.context.loud).toEqualTypeOf<boolean | undefined>()
    })
  })

  it('a list says of which flows its runs are', () => {
    compiled(async (runs) => {
      const page = await runs.list({ blueprintId: 'order', status: 'failed' })
      for (const { blueprintId, runId } of page.runs) {
        expectTypeOf(blueprintId).toEqualTypeOf<'order'>()
        expectTypeOf((await runs.get(runId)).context.total).toEqualTypeOf<number | undefined>()
      }
      // @ts-expect-error no such blueprint
      await runs.list({ blueprintId: 'ordre' })
      for await (const run of runs.runs({ label: { tenant: 'acme' } })) {
        expectTypeOf(run.blueprintId).toEqualTypeOf<'greeting' | 'plain' | 'squares' | 'order' | 'pay'>()
      }
      // @ts-expect-error no such blueprint
      runs.runs({ blueprintId: 'ordre' })
      await runs.start({ blueprintId: 'plain', labels: { tenant: 'acme' } })
    })
  })

  it('a resume names a node that waits, where the flow says which do', () => {
    compiled(async (runs) => {
      const { runId } = await runs.start({ blueprintId: 'order', input: { orderId: 'A' } })
      await runs.resume(runId, { nodeId: 'approval', action: 'yes' })
      await runs.resume(runId)
      // @ts-expect-error no such node
      await runs.resume(runId, { nodeId: 'nope' })
      const { runId: free } = await runs.start({ blueprintId: 'plain' })
      await runs.resume(free, { nodeId: 'any' })
      await runs.resume<'order'>('r', { nodeId: 'payment' })
      // @ts-expect-error no such node
      await runs.resume<'order'>('r', { nodeId: 'nope' })
    })
  })

  it('RunClient, TestService and StartRunInvoker speak alike', () => {
    expectTypeOf<RunClient<Flows>>().toExtend<TypedRuns<Flows>>()
    expectTypeOf<TestService<Flows>>().toExtend<TypedRuns<Flows>>()
    expectTypeOf<StartRunInvoker<Flows>['start']>().toExtend<TypedRuns<Flows>['start']>()
    // Code without types takes what has some.
    expectTypeOf<TypedRuns<Flows>>().toExtend<Runs>()
    expectTypeOf<RunClient<Flows>>().toExtend<RunClient>()
    expectTypeOf<ReturnType<typeof clientOf>>().toEqualTypeOf<RunClient<Flows>>()
    expectTypeOf<ReturnType<typeof serviceOf>>().toEqualTypeOf<TestService<Flows>>()
  })
})

describe('the definition of flows', () => {
  it('takes a schema whose output its flow can take', () => {
    compiledAlone(() => {
      const text = z.object({ orderId: z.string(), quantity: z.string().transform(Number) })
      defineFlows({ order: { flow: order, input: text } })
      const wrong = z.object({ orderId: z.number() })
      // @ts-expect-error the flow's orderId is a text
      defineFlows({ order: { flow: order, input: wrong } })
      // @ts-expect-error no schema
      defineFlows({ order: { flow: order, input: { orderId: 'string' } } })
      // @ts-expect-error no flow
      defineFlows({ order: 'order' })
    })
  })
})

describe('without the types of flows', () => {
  it('all is as it was', () => {
    compiledUntyped(async (runs) => {
      const request: StartRunRequest = { blueprintId: 'any', input: { a: 1 } }
      const started: StartRunResult = await runs.start(request)
      let { runId } = await runs.start({ blueprintId: 'one' })
      runId = (await runs.start({ blueprintId: 'other' })).runId
      const run = await runs.get(runId)
      expectTypeOf(run).toExtend<RunDescription>()
      expectTypeOf(run.blueprintId).toEqualTypeOf<string>()
      expectTypeOf(run.context['a']).toBeUnknown()
      await runs.resume(started.runId, { nodeId: 'any' })
      const own: Runs = {
        start: async ({ runId: id = 'r' }: StartRunRequest) => ({
          runId: id,
          status: 'running',
          created: true,
        }),
        startMany: async () => ({ results: [], failures: [] }),
        get: async () => run,
        waitFor: async () => run,
        resume: async () => ({ resumed: true }),
        cancel: async () => ({ cancelled: true }),
        redrive: async () => ({ redriven: true, again: [], goesOn: [], children: [] }),
        redriveMany: async function* () {
          yield { runId: run.runId, redriven: true, again: [], goesOn: [], children: [] }
        },
        watch: async function* () {
          yield run
        },
        fork: async () => ({ runId: run.runId, forked: true, again: [] }),
        skip: async () => ({ skipped: true }),
        pause: async () => ({ paused: true }),
        unpause: async () => ({ unpaused: true }),
        pauseBlueprint: async () => ({ paused: true }),
        unpauseBlueprint: async () => ({ unpaused: true }),
        pausedBlueprints: async () => [],
        list: async () => ({ runs: [run] }),
        runs: async function* () {
          yield run
        },
        failures: async () => ({ groups: [], runs: 0 }),
        history: async () => [],
      }
      void own
    })
    expectTypeOf<RunClient>().toExtend<Runs>()
    expectTypeOf<Parameters<ReturnType<typeof listed>['start']>[0]['blueprintId']>().toEqualTypeOf<string>()
  })
})
