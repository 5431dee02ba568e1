/** G8: what a node costs in requests and messages grows neither with the nodes before it nor with the width of a fan. */
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { graph, rounds, type Setup, value } from '../conformance/case.ts'
import { controller } from '../conformance/cases/loop-parts.ts'
import { BUSY_QUEUE, CALM, type Profile } from './profile.ts'
import { simulate } from './simulate.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

function chain(length: number): Setup {
  const ids = upTo(length).map((at) => `n${at}`)
  const nodes = Object.fromEntries(ids.map((id) => [id, value(id)]))
  return graph(
    nodes,
    ids.slice(1).map((id, at) => `n${at}>${id}`),
  )
}

function fan(width: number): Setup {
  const ids = upTo(width).map((at) => `n${at}`)
  const nodes = Object.fromEntries(ids.map((id) => [id, value(id)]))
  return graph(
    { start: value('go'), ...nodes, end: value('end') },
    ids.flatMap((id) => [`start>${id}`, `${id}>end`]),
  )
}

function loop(length: number): Setup {
  const body = { run: rounds('n', length), any: true }
  return graph({ start: value('go'), body, loop: controller('nAgain'), end: value('end') }, [
    'start>body',
    'body>loop',
    'loop>body:continue',
    'loop>end:break',
  ])
}

/** Mean of some seeds: how long an invocation is and how often a request must be made again is up to them. */
async function costOf(make: () => Setup, profile: Profile): Promise<{ requests: number; messages: number }> {
  const seeds = upTo(4)
  let requests = 0
  let messages = 0
  for (const seed of seeds) {
    const { points, messages: sent, refusals, violations } = await simulate({ make, profile, seed })
    expect(violations).toEqual([])
    // A refused commit is what working side by side costs; `units.emulated.test.ts` has an eye on it.
    requests += (points.length - refusals) / seeds.length
    messages += sent / seeds.length
  }
  return { requests, messages }
}

describe('a node costs as much', () => {
  beforeAll(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
  })

  for (const [what, shape] of Object.entries({
    'far down a chain': chain,
    'in a late round of a loop': loop,
  })) {
    it(`${what} as in the beginning`, async () => {
      const [one, two, four] = [
        await costOf(() => shape(20), CALM),
        await costOf(() => shape(40), CALM),
        await costOf(() => shape(80), CALM),
      ]

      expect(four.requests - two.requests).toBeLessThanOrEqual(2.1 * (two.requests - one.requests))
      expect(four.messages - two.messages).toBeLessThanOrEqual(2.1 * (two.messages - one.messages) + 2)
    })
  }

  for (const profile of [CALM, BUSY_QUEUE]) {
    it(`in a wide fan as in a narrow one (${profile.name})`, async () => {
      const narrow = await costOf(() => fan(10), profile)
      const wide = await costOf(() => fan(80), profile)

      expect(wide.requests).toBeLessThanOrEqual(9 * narrow.requests)
      expect(wide.messages).toBeLessThanOrEqual(9 * narrow.messages)
    })
  }
})
