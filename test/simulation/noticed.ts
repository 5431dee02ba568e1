/** Runs mutants until something notices them. */
import { caseNamed } from '../conformance/cases.ts'
import { unorderedCases } from '../conformance/cases/unordered-cases.ts'
import type { Mutant } from './mutants.ts'
import { type Simulation, simulate, subjectOf, unorderedSubjectOf } from './simulate.ts'

/** By then a mutant must have been noticed. */
const SEEDS = 400

function subject(name: string, fat?: boolean): Promise<Pick<Simulation, 'make' | 'expected'>> {
  const unordered = unorderedCases.find((other) => other.name === name)
  return unordered ? Promise.resolve(unorderedSubjectOf(unordered, fat)) : subjectOf(caseNamed(name), fat)
}

/** What noticed the mutant; undefined where nothing did. */
export async function noticed({ mutation, cases, profiles, fat }: Mutant): Promise<string | undefined> {
  const subjects = await Promise.all(cases.map((name) => subject(name, fat)))
  for (let seed = 1; seed <= SEEDS; seed++) {
    for (const [at, made] of subjects.entries()) {
      for (const profile of profiles) {
        const { violations } = await simulate({ ...made, profile, seed, mutation })
        if (violations.length > 0)
          return `${cases[at]}, profile ${profile.name}, seed ${seed}: ${violations[0]}`
      }
    }
  }
  return undefined
}
