/**
 * DynamoDB takes 4 KB of condition and 4 KB of update in one request, and answers a longer one with an error
 * for ever.
 */
import { createFlow, type FlowBuilder } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf } from '../support/service.ts'
import { deployOn, drain, quiet } from './driver.ts'
import { hasDynoxide } from './engines.ts'

let aws: LocalAws

const one = async () => ({ output: 1 })
const numbered = (count: number, letter: string) => Array.from({ length: count }, (_, at) => `${letter}${at}`)

/** Runs a flow to where nothing moves any more. */
async function endOf(flow: FlowBuilder): Promise<string> {
  const deployment = await deployOn(aws)
  const client = clientOf(deployment, { flows: [flow] })
  const { runId } = await client.start({ blueprintId: flow.toBlueprint().id })
  try {
    await drain(deployment, adapterOf(deployment, { flows: [flow], logger: quiet }))
    return (await client.get(runId)).status
  } catch (error) {
    return String(error)
  }
}

describe.skipIf(!hasDynoxide)('a run ends (dynoxide only: dynalite takes expressions of any length)', () => {
  beforeAll(async () => {
    aws = await startLocalAws({ dynamodb: 'dynoxide' })
  })
  afterAll(() => aws.stop())

  it('whose node leads to 130 others while another node is active', async () => {
    const flow = createFlow('wide').node('root', one).node('beside', one)
    for (const id of numbered(130, 'm')) flow.node(id, one).edge('root', id)

    expect(await endOf(flow)).toBe('completed')
  })

  it('whose two first nodes both lead to 100 joins', async () => {
    const flow = createFlow('joins').node('a', one).node('b', one)
    for (const id of numbered(100, 'j')) flow.node(id, one).edge('a', id).edge('b', id)

    expect(await endOf(flow)).toBe('completed')
  })

  it('whose header is full when a node leads to 50 others', async () => {
    const flow = createFlow('full')
    const [chain, fan] = [numbered(56, 'n'), numbered(50, 'm')]
    for (const id of [...chain, ...fan]) flow.node(id, one)
    chain.slice(1).forEach((id, at) => flow.edge(chain[at] ?? '', id))
    for (const id of fan) flow.edge(chain.at(-1) ?? '', id)

    expect(await endOf(flow)).toBe('completed')
  })
})
