/**
 * `npm run cost -- --nodes 20 --runs 1000000`: what runs will cost on AWS, by the formula of docs/costs.md. What a run did cost is
 * `client.costOf(runId)`. `--json` prints `{ runs, each: Bill }`.
 */
import { parseArgs } from 'node:util'
import { billOf } from './formula.ts'
import { billText } from './bill-text.ts'
import { workloadOf } from './cost-arguments.ts'

const number = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    nodes: number,
    messages: number,
    items: number,
    'items-per-message': number,
    'per-invocation': number,
    'output-bytes': number,
    'node-ms': number,
    memory: number,
    runs: number,
    history: { type: 'string' },
    'no-bus': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
try {
  const { workload, runs } = workloadOf(values)
  const each = billOf(workload)
  console.log(values.json ? JSON.stringify({ runs, each }) : billText(each, runs))
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 2
}
