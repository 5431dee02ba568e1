/** Inputs by the schemas of their blueprints: refused before anything is written, and parsed once. */
import { createFlow, type NodeContext, SubflowNode } from 'flowcraft'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { putRun } from '../../../lib/core/run/start.ts'
import { defineFlows, type FlowWithInput, type StandardSchema } from '../../../lib/index.ts'
import { MemoryRunStore, TestService } from '../../../lib/testing/index.ts'
import { Gate, quiet } from '../../end-to-end/driver.ts'
import { withMethods, workOnJob } from '../../support/one-message.ts'

const order = createFlow('order').node('seen', async ({ context }: NodeContext) => ({
  output: { id: await context.get('id'), count: await context.get('count') },
}))

function serviceOf(input: FlowWithInput['input']) {
  const flows = [...defineFlows({ order: { flow: order, input } })]
  return new TestService({ flows, logger: quiet, deployGraceMs: 60_000 })
}

/** Accepted by a client that has no flows. */
async function accept(service: TestService, input: Record<string, unknown>) {
  await putRun(service.services, { runId: 'r', blueprintId: 'order', input })
  await service.queue.send([{ runId: 'r', blueprintId: 'order' }])
}

const parentOf = (params: Record<string, unknown>) =>
  createFlow('parent')
    .node('first', async () => ({ output: 'A' }))
    .node('sub', SubflowNode, { params: { blueprintId: 'order', ...params } })
    .edge('first', 'sub')

function familyOf(params: Record<string, unknown>, input: StandardSchema) {
  const flows = [...defineFlows({ parent: parentOf(params), order: { flow: order, input } })]
  return new TestService({ flows, logger: quiet, deployGraceMs: 60_000 })
}

/** Counts up each time that it is asked, as a default such as the time would. */
function counting(validate = (value: object): unknown => value) {
  let count = 0
  const schema: StandardSchema<Record<string, unknown>> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) => ({ value: { ...(validate(value as object) as object), count: ++count } }),
    },
  }
  return { schema, calls: () => count }
}

const zod = z.object({
  id: z.string(),
  count: z.number().default(7),
  items: z.array(z.object({ n: z.number() })).optional(),
})
const valibot = v.object({
  id: v.string(),
  count: v.optional(v.number(), 7),
  items: v.optional(v.array(v.object({ n: v.number() }))),
})
const arktypeLike: StandardSchema = Object.assign(() => undefined, {
  '~standard': {
    version: 1 as const,
    vendor: 'arktype',
    validate: (given: unknown) => {
      const { id, items } = given as { id?: unknown; items?: { n: unknown }[] }
      const issues = [
        ...(typeof id === 'string' ? [] : [{ path: ['id'], message: 'id must be a string' }]),
        ...(items ?? []).flatMap(({ n }, at) =>
          typeof n === 'number'
            ? []
            : [{ path: [{ key: 'items' }, { key: at }, 'n'], message: 'n must be a number' }],
        ),
      ]
      return issues.length > 0 ? { issues } : { value: { count: 7, ...(given as object) } }
    },
  },
})

describe.each([
  ['zod', zod],
  ['valibot', valibot],
  ['a function, as arktype has it', arktypeLike],
])('a schema by %s', (_, schema) => {
  it('refuses an input with all that is wrong with it, and nothing is written', async () => {
    const store = new MemoryRunStore()
    const flows = defineFlows({ order: { flow: order, input: schema as StandardSchema } })
    const service = new TestService({ flows, store, logger: quiet })

    const error = await service
      .start({ blueprintId: 'order', input: { id: 1, items: [{ n: 1 }, { n: 'x' }] }, runId: 'r' })
      .catch((thrown: unknown) => thrown as Error)

    expect(error).toMatchObject({ code: 'INVALID_INPUT' })
    expect((error as Error).message).toMatch(
      /^cannot start 'order':\n- input\.id: .+\n- input\.items\[1\]\.n: .+$/,
    )
    expect([await store.read('r'), service.queue.size]).toEqual([undefined, 0])
  })

  it('gives the run its defaults', async () => {
    const { status, context } = await serviceOf(schema as StandardSchema).run({
      blueprintId: 'order',
      input: { id: 'A' },
    })

    expect([status, context['seen'], context['count']]).toEqual(['completed', { id: 'A', count: 7 }, 7])
  })
})

describe('the input of a run', () => {
  it('is what an asynchronous schema gives, without what that leaves out', async () => {
    const schema = z.object({ id: z.string().transform(async (id) => id.toLowerCase()) })

    const { context, runId } = await serviceOf(schema).run({
      blueprintId: 'order',
      input: { id: 'A', other: 1 },
    })

    expect(context).toMatchObject({ id: 'a', _executionId: runId })
    expect(context).not.toHaveProperty('other')
  })

  it('is kept by its id: the same call again starts nothing, whatever a default gives by then', async () => {
    const { schema, calls } = counting()
    const service = serviceOf(schema)
    const request = { blueprintId: 'order', input: { id: 'A' }, runId: 'r' }

    const both = [await service.start(request), await service.start(request)]

    expect(both.map(({ created }) => created)).toEqual([true, false])
    expect(calls()).toBe(2)
    expect((await service.get('r')).context['count']).toBe(1)
    await expect(service.start({ ...request, input: { id: 'B' } })).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
    })
  })

  it.each([
    ['no object', 'text', /what its schema gives as input must be a plain object.* got 'text'/],
    ['nothing', undefined, /plain object.* got null/],
    ['a Map', new Map(), /got an instance of Map/],
  ])('cannot be %s', async (_, value, message) => {
    const schema: StandardSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ value }) },
    }

    await expect(serviceOf(schema).start({ blueprintId: 'order' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
    })
  })

  it('is refused where the schema throws, with its reason', async () => {
    const { schema } = counting(() => {
      throw new Error('no dictionary')
    })

    await expect(serviceOf(schema).start({ blueprintId: 'order' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: "cannot start 'order': its schema threw: no dictionary",
    })
  })

  it('names keys of any kind, and no more than a hundred problems', async () => {
    const issues = [
      { message: 'all of it' },
      { message: 'odd', path: ['a b', Symbol('s'), 0] },
      ...Array.from({ length: 200 }, (_, at) => ({ message: 'wrong', path: ['list', at] })),
    ]
    const schema: StandardSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) },
    }

    const error = (await serviceOf(schema)
      .start({ blueprintId: 'order' })
      .catch((thrown: unknown) => thrown)) as Error

    const lines = error.message.split('\n- ')
    expect(lines.slice(1, 4)).toEqual([
      'input: all of it',
      'input["a b"]["Symbol(s)"][0]: odd',
      'input.list[0]: wrong',
    ])
    expect(lines.slice(-1)).toEqual(['and 102 more'])
  })
})

describe('a worker', () => {
  it('parses the input of a run that was only accepted, also what is large, and once', async () => {
    const { schema, calls } = counting((value) => ({ ...value, id: 'x'.repeat(2_000) }))
    const service = serviceOf(schema)
    await accept(service, { id: 'y'.repeat(2_000), gone: 1 })

    await service.settle()

    const seen = { id: 'x'.repeat(2_000), count: 1 }
    expect(await service.get('r')).toMatchObject({ status: 'completed', context: { seen, gone: 1 } })
    expect(calls()).toBe(1)
  })

  it('that begins a run after another did goes by what that one parsed', async () => {
    let calls = 0
    const { schema } = counting((value) => ({ ...value, id: `${++calls}`.repeat(2_000) }))
    const service = serviceOf(schema)
    const { store } = service.services
    const [held, gate] = [new Gate(), new Gate()]
    const begin: MemoryRunStore['begin'] = async (...args) => {
      held.open()
      await gate.passed
      return store.begin(...args)
    }
    await accept(service, {})

    const job = { runId: 'r', blueprintId: 'order' }
    const late = workOnJob(service, job, { services: { store: withMethods(store, { begin }) } })
    await held.passed
    await workOnJob(service, job)
    gate.open()
    await late
    await service.settle()

    expect(calls).toBe(2)
    const seen = { id: '2'.repeat(2_000), count: 2 }
    expect(await service.get('r')).toMatchObject({ status: 'completed', context: { seen, ...seen } })
  })

  it('does not parse anew what a client parsed', async () => {
    const { schema, calls } = counting()
    const service = serviceOf(schema)

    expect(await service.run({ blueprintId: 'order' })).toMatchObject({ status: 'completed' })
    expect(calls()).toBe(1)
  })

  it('fails a run with a wrong input, once no newer worker can have another schema', async () => {
    const service = serviceOf(zod)
    const began = service.now
    await accept(service, { id: 1 })

    await service.settle()

    expect(await service.get('r')).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^cannot start 'order': input\.id: .*string/),
      nodes: { completed: [] },
    })
    expect(service.now - began).toBeGreaterThanOrEqual(60_000)
  })

  it('gives up a raw job, which has no input, where the schema needs one', async () => {
    const service = serviceOf(zod)
    await service.queue.send([{ runId: 'r', blueprintId: 'order', nodeId: 'seen' }])

    await service.settle()

    expect(await service.services.store.read('r')).toBeUndefined()
    expect(service.deadLetters.letters.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^cannot begin a run: cannot start 'order': input\.id: /),
    ])
  })

  it('begins by a raw job with what the schema makes of nothing', async () => {
    const service = serviceOf(z.object({ id: z.string().default('A') }))
    await service.queue.send([{ runId: 'r', blueprintId: 'order', nodeId: 'seen' }])
    await service.queue.send([{ runId: 'r', blueprintId: 'order', nodeId: 'seen' }])

    await service.settle()

    expect(await service.get('r')).toMatchObject({ status: 'completed', context: { seen: { id: 'A' } } })
  })
})

describe('a subflow', () => {
  it('is parsed by the schema of its blueprint', async () => {
    const service = familyOf({ inputs: { id: 'first' } }, zod)

    const { status, context } = await service.run({ blueprintId: 'parent' })

    expect([status, context['sub']]).toEqual(['completed', { id: 'A', count: 7 }])
  })

  it('fails its node where the input is wrong', async () => {
    const service = familyOf({ inputs: { id: 'nothing' } }, zod)

    expect(await service.run({ blueprintId: 'parent' })).toMatchObject({
      status: 'failed',
      errors: [{ nodeId: 'sub', message: expect.stringMatching(/cannot start 'order': input\.id: /) }],
    })
  })

  it('hands over what its edge gave, of which the schema knows nothing', async () => {
    const strict = z.strictObject({ count: z.number().default(7) })
    const child = createFlow('order').node('seen', async ({ input, context }: NodeContext) => ({
      output: { input, count: await context.get('count') },
    }))
    const flows = [...defineFlows({ parent: parentOf({}), order: { flow: child, input: strict } })]

    const { context } = await new TestService({ flows, logger: quiet }).run({ blueprintId: 'parent' })

    expect(context['sub']).toEqual({ input: 'A', count: 7 })
  })
})
