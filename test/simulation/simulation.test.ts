/**
 * Runs keep their guarantees whatever happens to the requests, messages and workers behind them. Always the same seeds,
 * `.ci/run` has others each time. A failure prints the command that gives the same run again.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConformanceCase } from '../conformance/case.ts'
import { caseNamed, cases } from '../conformance/cases.ts'
import { unorderedCases } from '../conformance/cases/unordered-cases.ts'
import { again, type SimulatedRun } from './again.ts'
import { allProfiles } from './all-profiles.ts'
import { strike, strikesOf } from './exhaustive.ts'
import {
  BATCH_KILLER,
  BATCH_KILLER_AHEAD,
  BUDGET,
  BUDGET_AHEAD,
  BUGS_IN_TURN,
  CALM,
  SAME_BUG,
  SLOT_KILLER,
} from './profile.ts'
import { type Simulation, simulate, subjectOf, unorderedSubjectOf } from './simulate.ts'

/** Runs at random, all cases and profiles together. */
const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 300)
const SEED = Number(process.env['SIMULATION_SEED'] ?? 1)

/** All others: `npm run simulate -- --exhaustive`, which takes minutes. */
const everyRequestOf: readonly string[] = [
  'fan-out and fan-in',
  "an 'all' join with a failed predecessor",
  'a wait whose event approves',
  'a batch of 1',
  'a batch of 3, 2 items a message',
]

const simulated = [...cases.filter(({ notSimulated }) => !notSimulated), ...unorderedCases]

function subject(it: ConformanceCase, fat: boolean): Promise<Pick<Simulation, 'make' | 'expected'>> {
  return unorderedCases.includes(it) ? Promise.resolve(unorderedSubjectOf(it, fat)) : subjectOf(it, fat)
}

function report(run: SimulatedRun, trace: readonly string[]): string {
  return `again: ${again(run)}\n${trace.slice(-200).join('\n')}`
}

describe('simulation', () => {
  beforeAll(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })

  describe('every request in turn meets every fault', () => {
    for (const name of everyRequestOf) {
      it(name, async () => {
        const exhaustion = { ...(await subjectOf(caseNamed(name))), seed: SEED }
        for (const one of await strikesOf(exhaustion)) {
          const { violations, trace } = await strike(exhaustion, one)
          const run = { case: name, profile: CALM.name, seed: SEED, fat: false, strike: one }
          expect(violations, report(run, trace)).toEqual([])
        }
      })
    }
  })

  it('a run that has cost too much stops before its next node', async () => {
    const subject = await subjectOf(caseNamed('a linear chain'))
    for (let seed = SEED; seed < SEED + 200; seed++) {
      const profile = seed % 2 === 0 ? BUDGET : BUDGET_AHEAD
      const { violations, trace } = await simulate({ ...subject, profile, seed })
      expect(violations, `${profile.name}, seed ${seed}\n${trace.slice(-200).join('\n')}`).toEqual([])
    }
  })

  it('the same seed gives the same run', { timeout: 180_000 }, async () => {
    const names = [
      'a batch of 1',
      'tries that the queue keeps apart',
      'sleeps of 20 minutes and 3 hours side by side',
    ]
    for (const name of names) {
      const simulation = { ...(await subjectOf(caseNamed(name))), seed: SEED }
      for (const profile of allProfiles) {
        const { trace } = await simulate({ ...simulation, profile })
        expect((await simulate({ ...simulation, profile })).trace).toEqual(trace)
      }
    }
  })

  it('a node that kills its process takes no other run down', { timeout: 180_000 }, async () => {
    for (const name of [
      'a linear chain',
      'fan-out and fan-in',
      'a batch of 1',
      'a batch of 3, 2 items a message',
    ]) {
      const simulation = await subjectOf(caseNamed(name))
      for (const profile of [BATCH_KILLER, SLOT_KILLER, BATCH_KILLER_AHEAD]) {
        for (let seed = SEED; seed < SEED + 3; seed++) {
          const { violations, trace } = await simulate({ ...simulation, profile, seed })
          const run = { case: name, profile: profile.name, seed, fat: false }
          expect(violations, report(run, trace)).toEqual([])
        }
      }
    }
  })

  it('a node that ends in the same unexpected error each time fails with it', async () => {
    const simulation = await subjectOf(caseNamed('one node'))
    for (const profile of [SAME_BUG, BUGS_IN_TURN]) {
      for (let seed = SEED; seed < SEED + 10; seed++) {
        const { violations, trace } = await simulate({ ...simulation, profile, seed })
        expect(violations, `${profile.name}, seed ${seed}\n${trace.join('\n')}`).toEqual([])
      }
    }
  })

  it('seeds at random', { timeout: Math.max(180_000, RUNS * 20) }, async () => {
    const all = simulated.length * allProfiles.length
    const seeds = Math.max(1, Math.round(RUNS / all))
    const every = Math.ceil(all / RUNS)
    for (const [index, theCase] of simulated.entries()) {
      const plain = await subject(theCase, false)
      const fat = await subject(theCase, true)
      for (const [at, profile] of allProfiles.entries()) {
        if (profile.killer || (index + at) % every !== 0) continue
        for (let seed = SEED; seed < SEED + seeds; seed++) {
          // Half of the runs have a header that is always full.
          const isFat = (index + seed + profile.name.length) % 2 === 0
          const { violations, trace } = await simulate({ ...(isFat ? fat : plain), profile, seed })
          const run = { case: theCase.name, profile: profile.name, seed, fat: isFat }
          expect(violations, report(run, trace)).toEqual([])
        }
      }
    }
  })
})
