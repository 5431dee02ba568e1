/** What fuzzing found to end differently, as small as it could be made; see `npm run fuzz`. */
import type { ConformanceCase } from '../case.ts'
import { runInMemory } from '../outcome.ts'
import type { NodePlan, PartPlan, Plan } from '../plan.ts'
import { referenceOf, setupOf } from '../planned.ts'

function found(name: string, plan: Plan): ConformanceCase {
  return {
    name,
    make: () => setupOf(plan),
    reference: async () => {
      const { setup, expected } = referenceOf(plan)
      return expected(await runInMemory(setup))
    },
  }
}

function part(shape: PartPlan): NodePlan {
  return { does: 'value', shape, any: false, inputs: 'none', fallback: undefined }
}

const inner = (rounds: number): PartPlan => ({ kind: 'rounds', rounds, parts: [] })

export const foundCases: readonly ConformanceCase[] = [
  found('a loop in a loop, with a node of the outer one behind it', {
    ids: 'plain',
    nodes: [part({ kind: 'rounds', rounds: 3, parts: [inner(2)] })],
    edges: [],
  }),
  found('a loop in a loop in a loop', {
    ids: 'odd',
    nodes: [
      part({
        kind: 'rounds',
        rounds: 2,
        parts: [{ kind: 'rounds', rounds: 2, parts: [inner(2), inner(1)] }],
      }),
    ],
    edges: [],
  }),
]
