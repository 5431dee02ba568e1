/** Runs are taken up again, paused and skipped over real queues and tables. */
import { randomBytes } from 'node:crypto'
import { type AttributeValue, GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { NodeFunction } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { keys } from '../../lib/core/store/schema.ts'
import { graph, type Setup, trail, value } from '../conformance/case.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import type { TestDeployment } from '../support/service.ts'
import { Durable } from './durable.ts'

let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
})

/** The header of a run, as the wire has it. */
async function itemOf(runId: string): Promise<Record<string, AttributeValue>> {
  const { pk, sk } = keys.run(runId)
  const { Item = {} } = await deployment.aws.clients.dynamoDbClient.send(
    new GetItemCommand({
      ConsistentRead: true,
      TableName: deployment.tableName,
      Key: { pk: { S: pk }, sk: { S: sk } },
    }),
  )
  return Item
}

/** start -> bad -> end, with a large value that has an item of its own. */
function breaking(state: { isBroken: boolean }): Setup {
  const bad: NodeFunction = async ({ input }) => {
    if (state.isBroken) throw new Error('it is broken')
    return { output: String(input).length }
  }
  return graph({ start: value('x'.repeat(20_000)), bad, end: trail('end') }, ['start>bad', 'bad>end'])
}

describe('a run that failed', () => {
  it('is redriven in one write of its header, and ends as if nothing had been', async () => {
    const state = { isBroken: true }
    const durable = new Durable(deployment, breaking(state))
    const runId = await durable.start()
    expect(await durable.finish(runId)).toMatchObject({ status: 'failed' })
    state.isBroken = false

    expect(await durable.client.redrive(runId, { by: 'Ada' })).toMatchObject({
      redriven: true,
      again: ['bad'],
    })

    const run = await durable.finish(runId)
    expect(run).toMatchObject({
      status: 'completed',
      redrives: 1,
      context: { bad: 20_000 },
      operations: [{ kind: 'redrive', by: 'Ada' }],
    })
    expect(run).not.toHaveProperty('errors')
    const Item = await itemOf(runId)
    expect(Item).toHaveProperty('expiresAt')
    for (const name of ['x', 'cc', 'ca', 'rs', 'pz', 'y', 'u']) expect(Item, name).not.toHaveProperty(name)
  })
})

describe('a run that is forked', () => {
  it('is read by its forks, and theirs, wherever its values are, and begins none of its nodes again', async () => {
    const bucketName = await deployment.aws.createBucket()
    const incompressible = randomBytes(1_000_000).toString('base64')
    const setup = graph(
      {
        start: value(incompressible),
        keys: async ({ context }) => {
          for (let key = 0; key < 300; key++) await context.set(`key ${key}`, `${key} ${'x'.repeat(100)}`)
          return { output: 'set' }
        },
        end: async ({ context }) => ({
          output: [((await context.get('start')) as string).length, await context.get('key 299')],
        }),
      },
      ['start>keys', 'keys>end'],
    )
    const durable = new Durable(deployment, setup, { bucketName })
    const runId = await durable.start({ large: incompressible })
    const first = await durable.finish(runId)
    const objects = async () => deployment.aws.meter.snapshot().s3.requests
    const before = await objects()

    const { runId: fork } = await durable.client.fork(runId, { nodes: ['end'] })
    expect(await objects()).toBe(before)
    const attributes = await itemOf(fork)
    expect(attributes).toMatchObject({ fk: { S: runId }, rs: { BOOL: true }, s: { S: 'running' } })
    for (const name of ['z', 'x', 'expiresAt']) expect(attributes, name).not.toHaveProperty(name)
    const forked = await durable.finish(fork)
    const { runId: again } = await durable.client.fork(fork, { nodes: ['end'] })
    const forkedAgain = await durable.finish(again)

    for (const run of [forked, forkedAgain]) {
      expect(run.status).toBe('completed')
      expect({ ...run.context, _executionId: runId }).toEqual(first.context)
    }
    const ended = await itemOf(fork)
    expect(ended).toHaveProperty('expiresAt')
    for (const name of ['rs', 'y', 'u']) expect(ended, name).not.toHaveProperty(name)
    expect(await durable.client.get(runId)).toEqual(first)
  })
})

describe('a run that is paused in place of its failure', () => {
  it('is found among the failed ones, and redriven', async () => {
    const state = { isBroken: true }
    const setup = breaking(state)
    const blueprint = { ...setup.blueprint, metadata: { onFailure: 'pause' } }
    const durable = new Durable(deployment, { ...setup, blueprint })
    const since = new Date(0)
    const runId = await durable.start()
    await durable.work()
    const paused = { status: 'paused', pausedBy: 'failure', errors: [{ nodeId: 'bad' }] }
    expect(await durable.client.get(runId)).toMatchObject(paused)
    expect(await durable.client.list({ status: 'paused' })).toMatchObject({ runs: [{ runId }] })
    expect(await durable.client.failures({ since })).toMatchObject({ groups: [{ nodeId: 'bad', count: 1 }] })
    await expect(durable.client.unpause(runId)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    state.isBroken = false
    expect(await durable.client.redrive(runId)).toMatchObject({ redriven: true, again: ['bad'] })
    expect(await durable.finish(runId)).toMatchObject({ status: 'completed', context: { bad: 20_000 } })
    expect(await durable.client.failures({ since })).toMatchObject({ groups: [] })
  })
})

describe('a run that was cancelled', () => {
  it('goes on where it was, with the event that it waits for', async () => {
    const setup = graph({ ask: value('please'), wait: { run: 'wait' }, end: trail('end') }, [
      'ask>wait',
      'wait>end',
    ])
    const durable = new Durable(deployment, setup)
    const runId = await durable.start()
    await durable.client.cancel(runId)
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({ status: 'cancelled' })

    expect(await durable.client.redrive(runId)).toMatchObject({ goesOn: ['wait'] })
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({ status: 'awaiting' })
    await durable.client.resume(runId, { output: 'yes' })
    expect(await durable.finish(runId)).toMatchObject({
      status: 'completed',
      context: { end: ['end', 'yes'] },
    })
  })
})

describe('a node', () => {
  it('is skipped after it failed, by an output of any size', async () => {
    const durable = new Durable(deployment, breaking({ isBroken: true }))
    const runId = await durable.start()
    const output = 'y'.repeat(30_000)
    expect(await durable.client.skip(runId, { nodeId: 'bad', output })).toEqual({ skipped: true })
    expect(await durable.finish(runId)).toMatchObject({ status: 'completed', context: { bad: output } })
  })
})

describe('a run that is paused', () => {
  it('stands still until it is unpaused', async () => {
    const setup = graph({ ask: value('please'), wait: { run: 'wait' }, end: trail('end') }, [
      'ask>wait',
      'wait>end',
    ])
    const durable = new Durable(deployment, setup)
    const runId = await durable.start()
    expect(await durable.client.pause(runId, { by: 'Ada', reason: 'to look' })).toEqual({ paused: true })
    await durable.client.resume(runId, { output: 'yes' })
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'paused',
      operations: [{ kind: 'pause', by: 'Ada', reason: 'to look' }],
    })
    expect(await durable.client.unpause(runId)).toEqual({ unpaused: true })
    expect(await durable.finish(runId)).toMatchObject({ status: 'completed' })
  })
})
