/**
 * What each operation on a run costs whoever calls it, on dynoxide: the lines of the table in docs/costs.md. What workers do
 * because of it is not in them.
 */
import { readFile } from 'node:fs/promises'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { createFlow, type NodeFunction } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunClient, SqsAdapter } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, drain, quiet } from './driver.ts'
import { hasDynoxide } from './engines.ts'

let aws: LocalAws
let deployment: TestDeployment
let client: RunClient
let adapter: SqsAdapter

const charge: NodeFunction = async ({ context }) => {
  if (!(await context.get('mended' as never))) throw new Error('the bank is away')
  return { output: 'charged' }
}
const ship: NodeFunction = async () => ({ output: 'shipped' })
const order = createFlow('order')
  .node('accept', ship)
  .node('charge', charge)
  .wait('approval')
  .node('ship', ship)
  .edge('accept', 'charge')
  .edge('charge', 'approval')
  .edge('approval', 'ship')
const flows = [order]
const by = { by: 'Ada', reason: 'the bank answers again' }
const MINUTE_MS = 60_000

const lines: string[] = []

/** A line of the table: what was asked of the services by this. */
async function costs<T>(what: string, work: () => Promise<T>, remark = ''): Promise<T> {
  const before = aws.meter.snapshot()
  const result = await work()
  const { dynamodb, sqs } = aws.meter.since(before)
  const { writeUnits, readUnits, requests } = dynamodb
  lines.push(`| ${what} | ${writeUnits} | ${readUnits} | ${requests} | ${sqs.requests} | ${remark} |`)
  return result
}

/** A run that has come to its end, or waits. */
async function runTo(runId: string, input: Record<string, unknown> = {}, labels = {}): Promise<string> {
  await client.start({ blueprintId: 'order', runId, input, labels })
  await drain(deployment, adapter)
  await client.get(runId)
  return runId
}
const failed = (runId: string, labels = {}) => runTo(runId, {}, labels)
const waiting = (runId: string) => runTo(runId, { mended: true })

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of iterable) list.push(one)
  return list
}

async function deadLetter(runId: string): Promise<void> {
  const body = JSON.stringify({ runId, blueprintId: 'order', nodeId: 'accept' })
  const QueueUrl = deployment.deadLetterQueueUrl
  await aws.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: body }))
}

describe.skipIf(!hasDynoxide)('what operations cost (dynoxide only: the binary is optional)', () => {
  beforeAll(async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    aws = await startLocalAws({ dynamodb: 'dynoxide' })
    deployment = await deployOn(aws)
    adapter = adapterOf(deployment, { flows, history: 'timings', logger: quiet })
    client = clientOf(deployment, { flows })
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await aws.stop()
  })

  it('is in docs/costs.md, line by line', { timeout: 120_000 }, async () => {
    const since = new Date(Date.now() - MINUTE_MS)
    const ended = await failed('failed', { orderId: 'A-17' })
    await costs(
      '`get`',
      () => client.get(ended),
      'what was moved out of the header is read besides, by one query; large values by one request for a hundred',
    )
    await costs('`history`', () => client.history(ended), "with `history: 'timings'`")
    await costs('`list`', () => client.list(), 'of ended runs; a unit for each run under way besides')
    await costs('`list({ label })`', () => client.list({ label: { orderId: 'A-17' } }), 'of one run')
    const { groups } = await costs('`failures`', () => client.failures({ since }), 'of one run')

    await costs('`redrive`', () => client.redrive(ended, { set: { mended: true }, ...by }), 'of one node')
    await drain(deployment, adapter)
    await costs('`pause`', () => client.pause(ended, by))
    await costs('`unpause`', () => client.unpause(ended, by))
    await drain(deployment, adapter)
    await costs(
      '`skip`',
      () => client.skip(ended, { nodeId: 'approval', output: 'Ada', ...by }),
      'of a node that waits',
    )
    await drain(deployment, adapter)
    expect(await client.get(ended)).toMatchObject({ status: 'completed' })
    await costs('`fork`', () => client.fork(ended, { nodes: ['ship'], ...by }), 'of a run with a label')
    await drain(deployment, adapter)

    const skipped = await failed('skipped')
    await costs(
      '`skip`',
      () => client.skip(skipped, { nodeId: 'charge', output: 1, ...by }),
      'of a node that failed',
    )
    await drain(deployment, adapter)
    await costs('`resume`', () => client.resume(skipped, { nodeId: 'approval' }))
    await drain(deployment, adapter)
    expect(await client.get(skipped)).toMatchObject({ status: 'completed' })
    const cancelled = await waiting('cancelled')
    await costs(
      '`cancel`',
      () => client.cancel(cancelled, by),
      'who names nobody and no reason pays a unit less',
    )
    await drain(deployment, adapter)

    for (let at = 0; at < 10; at++) await failed(`many-${at}`)
    const [group] = groups
    const many = { failures: { since, group }, set: { mended: true }, ...by }
    expect(await costs('`redriveMany`', () => all(client.redriveMany(many)), 'of ten runs')).toHaveLength(10)
    await drain(deployment, adapter)

    await costs('`pauseBlueprint`', () => client.pauseBlueprint('order', by))
    await costs('`pausedBlueprints`', () => client.pausedBlueprints())
    await costs('`unpauseBlueprint`', () => client.unpauseBlueprint('order'), 'that holds no run')

    const requests = Array.from({ length: 10 }, (_, at) => ({ blueprintId: 'order', runId: `start-${at}` }))
    await costs('`start`', () => client.start({ blueprintId: 'order', runId: 'start' }))
    const labels = { orderId: 'A-18' }
    await costs(
      '`start`',
      () => client.start({ blueprintId: 'order', runId: 'labelled', labels }),
      'with a label',
    )
    const soon = { blueprintId: 'order', runId: 'soon', delayMs: MINUTE_MS }
    await costs('`start`', () => client.start(soon), 'delayed by up to 15 minutes')
    const late = { blueprintId: 'order', runId: 'late', delayMs: 60 * MINUTE_MS }
    await costs('`start`', () => client.start(late), 'delayed by more')
    await costs(
      '`start`',
      () => client.start({ blueprintId: 'order', runId: 'start' }),
      'of a run that is there',
    )
    await costs('`startMany`', () => client.startMany(requests), 'of ten runs')
    await drain(deployment, adapter)

    await deadLetter('start')
    const letters = await costs('`deadLetters.list`', () => client.deadLetters.list(), 'of one message')
    expect(letters).toHaveLength(1)
    const runId = 'start'
    expect(
      await costs('`deadLetters.sendBack`', () => client.deadLetters.sendBack({ runId }), 'of one'),
    ).toHaveLength(1)
    await drain(deployment, adapter)
    await client.cancel(runId)
    await waiting('dropped')
    await deadLetter('dropped')
    const drop = { runId: 'dropped', ...by }
    expect(await costs('`deadLetters.drop`', () => client.deadLetters.drop(drop), 'of one')).toHaveLength(1)

    const docs = await readFile(new URL('../../docs/costs.md', import.meta.url), 'utf8')
    const shown = docs.split('\n').filter((line) => /^\| `[\w.({ })]+` \|/.test(line))
    expect(shown).toEqual(lines)
  })
})
