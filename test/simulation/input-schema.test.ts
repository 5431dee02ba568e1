/** An input is parsed once, whoever begins its run and whatever happens meanwhile, and all nodes see the same. */
import { type NodeContext, SubflowNode } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import type { StandardSchema } from '../../lib/index.ts'
import type { Setup } from '../conformance/case.ts'
import { runInMemory, type Outcome } from '../conformance/outcome.ts'
import { CALM, profiles } from './profile.ts'
import { simulate } from './simulate.ts'

const SEEDS = 20
/** Too large for the header. */
const LARGE = 'x'.repeat(1_000)

/** Parsed twice, an input would count two more; not at all, none. */
const counting: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (given) => {
      const { count = 0, ...rest } = given as { count?: number }
      return { value: { ...rest, count: count + 1, large: `${count + 1}${LARGE}` } }
    },
  },
}

async function seen({ context }: NodeContext<Record<string, unknown>>) {
  return { output: [await context.get('count'), await context.get('large')] }
}

/** Two nodes in parallel and a subflow, which has a schema too: what it is handed, that counts on. */
function setupOf(input: Record<string, unknown>, schemas?: Setup['schemas']): Setup {
  const child = { id: 'child', nodes: [{ id: 'inner', uses: 'seen' }], edges: [] }
  const nodes = [
    { id: 'a', uses: 'seen' },
    { id: 'b', uses: 'seen' },
    {
      id: 'sub',
      uses: 'sub',
      params: { blueprintId: 'child', inputs: { count: 'handed', large: 'handedLarge' } },
    },
    { id: 'end', uses: 'seen', config: { joinStrategy: 'all' as const } },
  ]
  const edges = ['a', 'b', 'sub'].map((source) => ({ source, target: 'end' }))
  const registry = { seen, sub: SubflowNode }
  return { blueprint: { id: 'case', nodes, edges }, blueprints: [child], registry, input, schemas }
}

/** What the subflow is handed is parsed where there is a schema only. */
function withoutHanded({ context, ...rest }: Outcome): Outcome {
  const { handed: _, handedLarge: __, '_inputs.end': ___, ...others } = context
  return { ...rest, context: others }
}

const make = () =>
  setupOf(
    { count: 1, handed: 4 },
    new Map([
      ['case', counting],
      ['child', counting],
    ]),
  )
const parsed = () => setupOf({ count: 2, large: `2${LARGE}`, handed: 5, handedLarge: `5${LARGE}` })

describe('an input that a schema counts up', () => {
  it.each(profiles.filter(({ killer }) => !killer))('is that of one parse: $name', async (profile) => {
    const expected = withoutHanded(await runInMemory(parsed()))
    expect(expected.context['sub']).toEqual([5, `5${LARGE}`])

    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations, trace } = await simulate({ make, expected, shown: withoutHanded, profile, seed })
      expect(violations, `${profile.name}, seed ${seed}\n${trace.slice(-100).join('\n')}`).toEqual([])
    }
  })

  it('is told from one that is not parsed', async () => {
    const expected = withoutHanded(await runInMemory(setupOf({ count: 1, handed: 4 })))
    const { violations } = await simulate({ make, expected, shown: withoutHanded, profile: CALM, seed: 1 })
    expect(violations).not.toEqual([])
  })
})
