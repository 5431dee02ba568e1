import { createFlow } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineFlows as ofLambda } from '../../../lambdas/index.ts'
import {
  createStartRunHandler,
  createWorkerHandler,
  defineFlows,
  RunClient,
  SqsAdapter,
} from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'

const node = async () => ({ output: 1 })
const greeting = createFlow('greeting').node('hello', node)
const order = createFlow('order').node('price', node).wait('approval').edge('price', 'approval')
const problem = (given: unknown) => {
  try {
    defineFlows(given as { greeting: typeof greeting })
    return undefined
  } catch (error) {
    return error as Error & { code: string }
  }
}

describe('defineFlows', () => {
  it('gives what every option takes', async () => {
    const flows = defineFlows({ greeting, order: { flow: order, waits: ['approval'] } })
    const aws = {
      queueUrl: 'https://sqs.eu-central-1.amazonaws.com/1/q',
      tableName: 't',
      region: 'eu-central-1',
    }

    for (const make of [createWorkerHandler, createStartRunHandler])
      expect(make({ ...aws, flows })).toBeTypeOf('function')
    expect(new RunClient({ ...aws, flows })).toBeInstanceOf(RunClient)
    expect(new SqsAdapter({ ...aws, flows })).toBeInstanceOf(SqsAdapter)
    expect(await new TestService({ flows }).run({ blueprintId: 'greeting' })).toMatchObject({
      status: 'completed',
    })
    expect(ofLambda).toBe(defineFlows)
  })

  it('is a list like any other, to which more can be added', async () => {
    const more = createFlow('more').node('a', node)
    const service = new TestService({ flows: [...defineFlows({ greeting }), more] })

    for (const blueprintId of ['greeting', 'more'])
      expect(await service.run({ blueprintId })).toMatchObject({ status: 'completed' })
  })

  it('tells all that is wrong at once', () => {
    const error = problem({
      greetings: greeting,
      order: { flow: order, input: { type: 'object' }, waits: ['approval', 'nope', 'price'] },
      nothing: undefined,
      list: { flow: [] },
      bad: {
        ...greeting,
        toBlueprint: () => {
          throw new Error('broken')
        },
        getFunctionRegistry: () => new Map(),
      },
    })

    expect(error).toMatchObject({ code: 'INVALID_BLUEPRINT' })
    expect(error?.message.split('\n- ')).toEqual([
      'cannot define the flows:',
      "the flow under 'greetings' has the id 'greeting': both must be the same",
      'the input of \'order\' must be a schema of Standard Schema 1, as zod 3.24, valibot 1 and arktype 2 make it; got {"type":"object"}',
      "'order' has no node 'nope', which waits names",
      "'nothing' must be a flow of createFlow(), or { flow, input?, waits? }; got undefined",
      "'list' must be a flow of createFlow(), or { flow, input?, waits? }; got []",
      "'bad': broken",
    ])
  })

  it('takes schemas that are functions, as arktype makes them, and no older standard', () => {
    const standard = { version: 1, vendor: 'arktype', validate: (value: unknown) => ({ value }) }
    const type = Object.assign(() => undefined, { '~standard': standard })
    const older = { '~standard': { ...standard, version: 2 } }

    expect(problem({ order: { flow: order, input: type } })).toBeUndefined()
    expect(problem({ order: { flow: order, input: z.object({}) } })).toBeUndefined()
    expect(problem({ order: { flow: order, input: older } })?.message).toContain('must be a schema')
  })
})
