/** Measures how long weather is felt after it has passed. The same seeds each time. */
import { caseNamed } from '../conformance/cases.ts'
import { again } from './again.ts'
import type { Profile } from './profile.ts'
import { simulate, subjectOf } from './simulate.ts'
import type { Recovery } from './weather.ts'

export interface Measured {
  /** Runs that were not over when it had passed. */
  readonly runs: number
  /** Milliseconds of simulated time until half of them went on, until all did, and until all were over. */
  readonly halfMs: number
  readonly allMs: number
  readonly overMs: number
  readonly violations: readonly string[]
}

/** Without waits, whose time would count as well. */
const CASES = [
  'a linear chain',
  'fan-out and fan-in',
  "an 'all' join with a failed predecessor",
  'a loop of 5 rounds',
  'a batch of 1',
  'a subflow with inputs by name',
  'values too large for the header',
]

export async function measureWeather(profile: Profile, seeds: number): Promise<Measured> {
  const recoveries: Recovery[] = []
  const violations: string[] = []
  for (const name of CASES) {
    const subject = await subjectOf(caseNamed(name))
    for (let seed = 1; seed <= seeds; seed++) {
      const { recovery, violations: found } = await simulate({ ...subject, profile, seed })
      if (recovery) recoveries.push(recovery)
      const run = { case: name, profile: profile.name, seed, fat: false }
      violations.push(...found.map((violation) => `${again(run)}: ${violation}`))
    }
  }
  const goesOn = recoveries.map(({ goesOnMs }) => goesOnMs).toSorted((a, b) => a - b)
  return {
    runs: recoveries.length,
    halfMs: goesOn[Math.floor(goesOn.length / 2)] ?? 0,
    allMs: goesOn.at(-1) ?? 0,
    overMs: Math.max(0, ...recoveries.map(({ overMs }) => overMs)),
    violations,
  }
}
