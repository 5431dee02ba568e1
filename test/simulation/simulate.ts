/**
 * Runs a case in a simulated world and tells every guarantee that did not hold. Which check is for which:
 *
 *   G1  `ObservedStore`: no activation commits twice; `World.ran`: nobody runs a node that they were told has ended
 *   G2  here: without faults each node's code runs as often as in memory, with faults at least as often as it committed
 *   G3  `ObservedStore`: nothing is scheduled twice, no join before all have arrived; here: commits as in memory
 *   G4  `World.run`: nothing left to do and not over; `ObservedStore`: a child that goes on under a cancelled parent
 *   G5  `ObservedStore`: a finished run changes; here: told at least once, and its outcome is the expected one when
 *       everything that was late has come; `Told`: what else is to be published was, and who is to be asked is asked
 *   G6  here: status, context and errors as in memory
 *   G7  here: no error of a run is of the infrastructure; `World`: a job throws nothing but trouble
 *   G8  `cost.test.ts`: requests and messages per node
 */
import { JsonSerializer } from 'flowcraft'
import { retriesByQueue } from '../../lib/core/execution/retry-policy.ts'
import { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import { describeRun } from '../../lib/core/run/describe.ts'
import { readHistory } from '../../lib/core/run/read-history.ts'
import { listRuns } from '../../lib/core/run/list.ts'
import type { ConformanceCase, Setup } from '../conformance/case.ts'
import { describedOutcome, type Outcome, runInMemory, withoutInputs } from '../conformance/outcome.ts'
import { shown } from '../conformance/planned.ts'
import { withoutCheckpoints } from './ahead.ts'
import { byClock } from './clock.ts'
import { failingOf } from './failing.ts'
import { TROUBLE } from './host.ts'
import { killerProblems } from './killer.ts'
import type { Mutation } from './mutation.ts'
import { LABELS_OF_RUN, BUG, LOST, RUN_ID, PAID, USD_OF_A_CALL } from './names.ts'
import { type FaultPlan, type FaultPoint, randomFaults } from './faults.ts'
import type { Profile } from './profile.ts'
import { Random } from './random.ts'
import type { Recovery } from './weather.ts'
import { World } from './world.ts'

export interface Simulation {
  readonly make: () => Setup
  /** Of a run in memory; undefined where that depends on the order in which nodes end. */
  readonly expected?: Outcome
  /** How often each node commits. @default - as often as it is executed, or once where its tries are apart */
  readonly commits?: Readonly<Record<string, number>>
  /** What of an outcome is compared. @default - all of it */
  readonly shown?: (outcome: Outcome) => Outcome
  readonly profile: Profile
  readonly seed: number
  /** @default - faults at random, by the profile */
  readonly plan?: FaultPlan
  readonly mutation?: Mutation
  /** Why nobody forks its run. @default - by the profile */
  readonly notForked?: string
  /** Why nobody redrives its run, which stays cancelled then. @default - by the profile */
  readonly notRedriven?: string
}

export interface SimulationResult {
  readonly violations: readonly string[]
  /** What met a fault, or might have. */
  readonly points: readonly FaultPoint[]
  readonly trace: readonly string[]
  /** Messages that were sent. */
  readonly messages: number
  readonly packs: number
  readonly refusals: number
  /** How often work on the run went down with a node of another. */
  readonly downs: number
  /** How long its weather was felt; undefined where the run was over before. */
  readonly recovery?: Recovery
}

/** A case with what it must come to. `fat` fills the header, so that what rides there is moved out all the time. */
export async function subjectOf(
  { make, instead, reference, notForked }: ConformanceCase,
  fat = false,
): Promise<Pick<Simulation, 'make' | 'expected' | 'commits' | 'shown' | 'notForked'>> {
  const made = () => (fat ? fattened(make()) : make())
  const padded = (context: Outcome['context']) => (fat ? { ...context, ...padding } : context)
  if (reference) {
    const { outcome, commits } = await reference()
    return {
      make: made,
      expected: { ...outcome, context: padded(outcome.context) },
      commits,
      shown,
      notForked,
    }
  }
  const expected = { ...(await runInMemory(made())), ...instead }
  if (!instead?.context) return { make: made, expected, notForked }
  return {
    make: made,
    expected: { ...expected, context: padded(instead.context) },
    shown: withoutInputs,
    notForked,
  }
}

export function unorderedSubjectOf({ make }: ConformanceCase, fat = false): Pick<Simulation, 'make'> {
  return { make: () => (fat ? fattened(make()) : make()) }
}

const padding = Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`padding${n}`, `${n}`.repeat(200)]))

/** What cannot be moved out has half of the room: so some more of what can be is moved with every few commits. */
const LONG_ID = 480

function fattened({ blueprint, ...setup }: Setup): Setup {
  const id = blueprint.id.padEnd(LONG_ID, '-')
  return { ...setup, blueprint: { ...blueprint, id }, input: { ...setup.input, ...padding } }
}

/** A node that kills its process takes others down the first time, as nobody knows it yet; the killer's run has two. */
const DOWNS_AT_MOST = 3

export async function simulate(simulation: Simulation): Promise<SimulationResult> {
  const { make, expected, seed, mutation, notForked, notRedriven } = simulation
  const profile = {
    ...simulation.profile,
    ...(notForked === undefined ? {} : { forks: undefined }),
    ...(notRedriven === undefined ? {} : { redrives: undefined }),
  }
  const random = new Random(seed)
  const plan = simulation.plan ?? randomFaults(profile, random)
  const given = budgeted(make(), profile)
  const setup = profile.noCheckpoints ? withoutCheckpoints(given) : given
  const failing = failingOf(setup, expected)
  const world = new World({ setup, profile, random, plan, mutation, failing })
  world.store.callsAtMost = profile.callsAtMost ?? Infinity
  await byClock(
    () => world.now(),
    () => world.run(),
  )
  const violations = [...world.violations, ...world.store.violations]
  const isPaused = (await world.store.read(world.runId))?.pausedByFailure === true
  if (world.publishesRunEnds && world.told.ends === 0 && !isPaused)
    violations.push('G5: the result was never told')
  violations.push(...world.told.problems(world.store))
  if (world.downs > DOWNS_AT_MOST) {
    violations.push(`G7: the run went down ${world.downs} times with a node that kills its process`)
  }
  if (violations.length === 0 && profile.labels) violations.push(...(await listProblems(world)))
  if (violations.length === 0 && profile.history) violations.push(...(await historyProblems(world)))
  if (violations.length === 0) violations.push(...(await costProblems(world, profile)))
  if (violations.length === 0 && profile.callsAtMost !== undefined)
    violations.push(...(await budgetProblems(world)))
  else if (violations.length === 0)
    violations.push(...(await differences(world, expected, { ...simulation, profile })))
  const { points, trace, messages, downs, recovery } = world
  const { packs, refusals } = world.store
  return { violations, points, trace, messages, packs, refusals, downs, recovery }
}

/** By each of its labels the run is found, once, whatever became of the starts before. */
async function listProblems(world: World): Promise<string[]> {
  const { store, setup } = world
  const run = await store.read(RUN_ID)
  const values = world.valuesBy(setup.options?.serializer ?? new JsonSerializer())
  const problems: string[] = []
  for (const [name, value] of Object.entries(LABELS_OF_RUN)) {
    const { runs } = await listRuns({ store, values }, { label: { [name]: value } })
    const found = runs.map(({ runId, status }) => [runId, status])
    problems.push(...differing(`by label ${name}`, found, run ? [[RUN_ID, run.status]] : []))
  }
  return problems
}

/** Its history tells each end of a node once, whoever died before it was noted; none that did not come. */
async function historyProblems(world: World): Promise<string[]> {
  const { store, setup } = world
  const run = await store.read(RUN_ID)
  if (!run) return []
  const graph = new RunGraph(setup.blueprint)
  const values = world.valuesBy(setup.options?.serializer ?? new JsonSerializer())
  const told = new Map<string, number>()
  for (const entry of await readHistory({ services: { store, values }, run, graph })) {
    if (!/^node(Completed|Failed|FellBack)$/.test(entry.type) || !('nodeId' in entry)) continue
    told.set(entry.nodeId, (told.get(entry.nodeId) ?? 0) + 1)
  }
  const committed = [...store.commits].map(([node, count]) => [graph.node(node).id, count] as const)
  return differing('history: ends', Object.fromEntries(told), Object.fromEntries(committed))
}

/**
 * What calls of the nodes of the run cost is in its cost once at most, and of those that were committed in any case. Who
 * is given up without being called, or was committed in a run that this one was forked from, is not told by its commit.
 */
async function costProblems(world: World, profile: Profile): Promise<string[]> {
  const { store, setup, counts } = world
  const run = await store.read(RUN_ID)
  const graph = new RunGraph(setup.blueprint)
  const [calls, paid] = [counts.calls, run?.cost?.[`$.${PAID}`] ?? 0]
  const called = Object.values(calls).reduce((sum, count) => sum + count, 0)
  const violations = paid > called ? [`cost: ${called} calls were counted as ${paid}`] : []
  if (profile.killer || profile.bugs || world.runId !== RUN_ID) return violations
  const committed = [...store.commits].reduce(
    (sum, [node, count]) => sum + (calls[graph.node(node).id] === undefined ? 0 : count),
    0,
  )
  if (paid < committed) violations.push(`cost: ${committed} commits of calls were counted as ${paid}`)
  return violations
}

function budgeted(setup: Setup, { callsAtMost }: Profile): Setup {
  if (callsAtMost === undefined) return setup
  const metadata = { ...setup.blueprint.metadata, maxUsd: callsAtMost * USD_OF_A_CALL }
  return { ...setup, blueprint: { ...setup.blueprint, metadata } }
}

/** It stopped by what it cost, and keeps what it had done by then. */
async function budgetProblems({ store }: World): Promise<string[]> {
  const run = await store.read(RUN_ID)
  const isStopped = run?.status === 'failed' && run.reason?.includes('maxUsd')
  return isStopped ? [] : [`cost: it ended ${run?.status}, by ${run?.reason}`]
}

async function differences(
  world: World,
  expected: Outcome | undefined,
  { profile, commits, shown: show = (outcome) => outcome }: Simulation,
): Promise<string[]> {
  const { store, setup, counts } = world
  const run = await store.read(world.runId)
  if (!run) return ['G4: there is no run']
  const isTakenBack = profile.redrives !== undefined || world.runId !== RUN_ID
  if (run.status === 'cancelled' && profile.cancelsBy && !isTakenBack) return []
  if (run.status === 'failed' && run.reason?.includes(LOST)) return []
  const graph = new RunGraph(setup.blueprint)
  const serializer = setup.options?.serializer ?? new JsonSerializer()
  const values = world.valuesBy(serializer)
  const description = await describeRun({ run, graph, store, values, serializer })
  const { executions, calls } = counts
  const outcome = show({ ...describedOutcome(setup.blueprint, description), executions, calls })
  if (profile.bugs === 'same') {
    const isTold = outcome.errors.some((line) => line.includes(`deliveries ended in the same error: ${BUG}`))
    return outcome.status === 'failed' && isTold ? [] : [`G6: ${outcome.status} with ${outcome.errors}`]
  }
  const committed = Object.fromEntries(
    [...store.commits].map(([node, count]) => [graph.node(node).id, count]),
  )
  const violations = outcome.errors.filter((line) => line.includes(TROUBLE)).map((line) => `G7: ${line}`)
  if (profile.killer) violations.push(...(await killerProblems(store, values)))
  for (const [id, count] of Object.entries(committed)) {
    const ran = executions[id] ?? 0
    if (ran < count) violations.push(`G2: ${id} committed ${count} times and ran ${ran} times`)
    // Nobody else writes it, so it is the same whatever the order.
    const counted = outcome.context[`${id} ran`]
    if (counted !== undefined && counted !== count) {
      violations.push(`G6: ${id} counted ${counted as number} of its ${count} rounds`)
    }
  }
  const wrong = setup.wrong?.(outcome.context)
  if (wrong !== undefined) violations.push(`G6: ${wrong}`)
  for (const [id, output] of world.promised) {
    // One that went on with its event may fail by what follows from it.
    if (output === undefined || !description.nodes.completed.includes(id)) continue
    if (graph.repeatable.has(graph.indexOf(id))) continue
    violations.push(
      ...differing(`G6: ${id} was told that its event counts: output`, outcome.context[id], output),
    )
  }
  if (!expected) return violations
  violations.push(
    ...differing(
      'G6: status',
      outcome.status,
      profile.pausesFailed ? pausedOf(expected.status) : expected.status,
    ),
    ...differing(
      'G6: context',
      ofOneLife(graph, profile, outcome.context),
      ofOneLife(graph, profile, expected.context),
    ),
    ...differing('G6: errors', outcome.errors, expected.errors),
    ...differing(
      'G3: commits',
      inEachLife(graph, profile, committed),
      inEachLife(graph, profile, commitsOf(graph, expected.executions, commits)),
    ),
  )
  const isCalm = (profile.faultsAtMost === 0 || profile.passes) && !profile.bugs && !profile.failures
  // Without a lease, two messages for one node run it twice; one at a time does not.
  const runsOnce = !profile.unleased || profile.duplicates === 0
  if (isCalm && runsOnce && !profile.redrives && !profile.forks) {
    violations.push(...differing('G2: executions', executions, expected.executions))
    violations.push(...differing('G2: calls', calls, expected.calls))
  }
  return violations
}

/** A run that failed by a reason of its own, and not since nodes did, has ended. */
function pausedOf(status: string): string {
  return status === 'failed' ? 'paused' : status
}

/** Of the nodes of the run itself. */
function commitsOf(
  graph: RunGraph,
  executions: Outcome['executions'],
  known?: Simulation['commits'],
): Record<string, number> {
  const own = Object.entries(known ?? executions).filter(([id]) => graph.find(id) !== undefined)
  return Object.fromEntries(own.map(([id, count]) => [id, !known && triesApart(graph, id) ? 1 : count]))
}

/** A node that runs always does so in each life of its run in which something fails, and so does what follows from it. */
function inEachLife(
  graph: RunGraph,
  { failures }: Profile,
  commits: Record<string, number>,
): Record<string, number> {
  const again = alwaysAndAfter(graph)
  const repeats = (id: string) => again.has(id)
  return failures === undefined
    ? commits
    : Object.fromEntries(Object.entries(commits).filter(([id]) => !repeats(id)))
}

/** The nodes that run always, and all that follows from them: where something else fails, they run all the same. */
function alwaysAndAfter({ blueprint }: RunGraph): ReadonlySet<string> {
  const found = new Set<string>()
  const add = (id: string): void => {
    if (found.has(id)) return
    found.add(id)
    for (const { source, target } of blueprint.edges) if (source === id) add(target)
  }
  for (const { id, config } of blueprint.nodes) if (config?.runs === 'always') add(id)
  return found
}

/** What a node that runs always left may be of another life than the first. */
function ofOneLife(
  graph: RunGraph,
  { failures }: Profile,
  context: Record<string, unknown>,
): Record<string, unknown> {
  if (failures === undefined) return context
  const left = new Set([...alwaysAndAfter(graph)].flatMap((id) => [id, `${id} ran`, `_outputs.${id}`]))
  return Object.fromEntries(Object.entries(context).filter(([key]) => !left.has(key)))
}

function triesApart(graph: RunGraph, id: string): boolean {
  const { uses, config } = graph.node(graph.indexOf(id))
  return retriesByQueue(config) || (uses === 'subflow' && (config?.maxRetries ?? 1) > 1)
}

function differing(what: string, got: unknown, wanted: unknown): string[] {
  const [left, right] = [stable(got), stable(wanted)]
  return left === right ? [] : [`${what}: ${left} instead of ${right}`]
}

/** Text of a value, the order of keys left out. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === undefined) return '(undefined)'
    if (inner instanceof Map) return { map: [...inner] }
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
