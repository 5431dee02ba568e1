/**
 * `npm run fuzz -- --runs N --seed S`: random blueprints in memory and by the protocol, in two processes, until the
 * protocol has run N times. One that ends differently is printed as small as it could be made, with the command that
 * gives it again (`--seed S --path P`). `--json`: `{ runs, compared, different, seeds }`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import * as fc from 'fast-check'
import { compare, type Comparison } from './fuzz.ts'
import { type Plan, plans } from './plan.ts'
import { compareRepaired, type Repair, repairs } from './repaired.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
    processes: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    redrives: { type: 'boolean', default: false },
    forks: { type: 'boolean', default: false },
    skips: { type: 'boolean', default: false },
  },
})
/** Nothing but this one. Of a process that the first one starts, too. */
const only = (process.env['FUZZ_ONLY'] ?? repairs.find((repair) => values[`${repair}s`])) as
  | Repair
  | undefined
/** One run in so many is repaired too, in one of the ways. */
const REPAIRED = 2
/** Blueprints of one seed. */
const PLANS = 50

interface Difference {
  readonly seed: number
  readonly path: string
  readonly plan: Plan
  readonly problems: readonly string[]
}

interface Result {
  readonly runs: number
  readonly compared: number
  readonly difference?: Difference
}

async function tryPlans(seed: number, path?: string): Promise<Result> {
  let runs = 0
  let compared = 0
  let problems: readonly string[] = []
  const property = fc.asyncProperty(plans, fc.nat(1_000_000), async (plan, runSeed) => {
    const result = await tryPlan(plan, runSeed).catch(toProblem)
    runs += result.runs
    compared += result.compared
    if (result.problems.length > 0) problems = result.problems
    return result.problems.length === 0
  })
  const options = path === undefined ? {} : { path, endOnFailure: true }
  const { counterexample, counterexamplePath } = await fc.check(property, {
    numRuns: PLANS,
    seed,
    ...options,
  })
  if (!counterexample) return { runs, compared }
  const [plan] = counterexample
  return { runs, compared, difference: { seed, path: `${counterexamplePath}`, plan, problems } }
}

async function tryPlan(plan: Plan, seed: number): Promise<Comparison> {
  if (only) return compareRepaired(plan, seed, only)
  const compared = await compare(plan, seed)
  const repair = seed % REPAIRED === 0 ? repairs[(seed / REPAIRED) % repairs.length] : undefined
  if (repair === undefined || compared.problems.length > 0) return compared
  const repaired = await compareRepaired(plan, seed, repair)
  return {
    problems: repaired.problems,
    runs: compared.runs + repaired.runs,
    compared: compared.compared + repaired.compared,
  }
}

function toProblem(error: unknown): Comparison {
  return { problems: [inspect(error)], runs: 0, compared: 0 }
}

async function inWorker(): Promise<void> {
  process.on('message', (seed: number) => void tryPlans(seed).then((result) => process.send?.(result)))
  await once(process, 'disconnect')
}

async function inProcesses(): Promise<Result[]> {
  const results: Result[] = []
  let nextSeed = Number(values.seed)
  const isDone = () => results.reduce((sum, { runs }) => sum + runs, 0) >= Number(values.runs)
  const work = async (child: ChildProcess) => {
    const gone = once(child, 'exit').then(([code]) => {
      throw new Error(`a process of the fuzzer ended with ${code}`)
    })
    gone.catch(() => {})
    while (!isDone()) {
      child.send(nextSeed++)
      const [result] = (await Promise.race([once(child, 'message'), gone])) as [Result]
      results.push(result)
      if (result.difference) tell(result.difference)
    }
    child.disconnect()
  }
  const self = fileURLToPath(import.meta.url)
  const children = Array.from({ length: Number(values.processes) }, () =>
    fork(self, { env: { ...process.env, FUZZ_WORKER: '1', ...(only && { FUZZ_ONLY: only }) } }),
  )
  await Promise.all(children.map(work))
  return results
}

function tell({ seed, path, plan, problems }: Difference): void {
  if (values.json) return
  console.log(inspect(plan, { depth: null, breakLength: 110 }))
  for (const problem of problems) console.log(`  ${problem}`)
  console.log(`${againBy({ seed, path })}\n`)
}

function againBy({ seed, path }: { seed: number; path: string }): string {
  return `  again: npm run fuzz --${only ? ` --${only}s` : ''} --seed ${seed} --path ${path}`
}

async function main(): Promise<void> {
  if (!values.json) console.log(`seed ${values.seed}`)
  const results =
    values.path === undefined ? await inProcesses() : [await tryPlans(Number(values.seed), values.path)]
  const differences = results.flatMap(({ difference }) => difference ?? [])
  if (values.path !== undefined) differences.forEach(tell)
  const runs = results.reduce((sum, result) => sum + result.runs, 0)
  const compared = results.reduce((sum, result) => sum + result.compared, 0)
  const seeds = differences.map(({ seed, path }) => ({ seed, path }))
  const counted = { runs, compared, different: seeds.length, seeds }
  const text = `from seed ${values.seed}: ${runs} runs by the protocol, ${compared} of them compared with memory, ${seeds.length} blueprints differ`
  console.log(values.json ? JSON.stringify(counted) : text)
  if (!values.json) seeds.forEach((one) => console.log(againBy(one)))
  process.exitCode = seeds.length > 0 ? 1 : 0
}

console.warn = () => {}
await (process.env['FUZZ_WORKER'] ? inWorker() : main())
