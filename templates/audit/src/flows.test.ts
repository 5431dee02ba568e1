/** The flow as it runs on AWS, in memory: no servers, and time passes when nothing else is left to do. */
import { inAnyOrder, TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { findAdvisories } from './advisories.js'
import { flows } from './flows.js'

const dependencies = { findAdvisories }
const leftPad = { name: 'left-pad', version: '1.3.0', licence: 'WTFPL' }
const debug = { name: 'debug', version: '4.4.2', licence: 'MIT' }

it('approves packages that nothing is known against', async () => {
  const { status, context } = await new TestService({ flows, dependencies }).run({
    blueprintId: 'audit',
    input: { packages: [leftPad, leftPad], allow: ['WTFPL'] },
  })

  expect([status, context['approve']]).toEqual(['completed', '1 packages, and nothing to look at'])
  expect(context).not.toHaveProperty('review')
})

it('has people look at the others', async () => {
  const packages = [leftPad, debug, { ...debug, version: '4.4.1' }]

  const { context } = await new TestService({ flows, dependencies }).run({
    blueprintId: 'audit',
    input: { packages },
  })

  expect(context['verdict']).toEqual([
    'left-pad@1.3.0 has the licence WTFPL',
    'debug is there in more than one version',
    'debug@4.4.2: steals wallets (September 2025)',
  ])
})

it('says the same in whatever order its checks end', async () => {
  const { same } = await inAnyOrder({ flows, dependencies, orders: 20 }, (service) =>
    service.run({ blueprintId: 'audit', input: { packages: [leftPad, debug] } }),
  )

  expect(same).toBe(true)
})
