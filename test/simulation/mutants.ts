/**
 * Mutants of the protocol, each of which the simulation must notice: each leaves out one thing that a commit demands or
 * one rule of message handling, and some run must go wrong. Not here, since the store's contract suite shows it
 * better: `last` (whoever is alone stays alone), `doneWord` (the memory store clears bits where DynamoDB subtracts),
 * and pages that go back to what an older header said (an old mover is rare since movers take turns).
 */
import { unorderedCases } from '../conformance/cases/unordered-cases.ts'
import { caseNamed } from '../conformance/cases.ts'
import { BUSY_QUEUE, CALM, CHAOS, CRASHES, LOSSES, type Profile, STORM } from './profile.ts'
import { type Simulation, simulate, subjectOf, unorderedSubjectOf } from './simulate.ts'
import type { Mutation } from './mutation.ts'

export interface Mutant {
  readonly what: string
  readonly mutation: Mutation
  readonly cases: readonly string[]
  readonly profiles: readonly Profile[]
  /** Whether the header must be full for it to show. */
  readonly fat?: boolean
}

const BUSY_LOOP = 'a loop with branches that end inside it, and work beside it'
const BUSY_FAN = 'a loop around a fan-out, and work beside it'

export const mutants: readonly Mutant[] = [
  {
    what: 'a commit that does not ask whether a join is still short of arrivals',
    mutation: { drop: ['arrivalsBelow'] },
    cases: ['crossed joins', 'several starts and several terminals'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask whether a node has fired',
    mutation: { drop: ['notFired'] },
    cases: ["an 'any' join of 5 successful predecessors", 'a fallback that two failing nodes share'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask for the iteration it saw',
    mutation: { drop: ['iteration'] },
    cases: ['two edges back to one head', 'two cycles through one node, and two ways in'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask whether somebody else will end the run',
    mutation: { drop: ['notLast'] },
    cases: ["an 'any' join whose predecessors all fail"],
    profiles: [CALM],
  },
  {
    what: 'a controller that waits for a witness which may have left',
    mutation: { drop: ['active'] },
    cases: [BUSY_LOOP],
    profiles: [CALM],
  },
  {
    what: 'leaving a loop without asking whether its controller waits',
    mutation: { drop: ['notPending'] },
    cases: [BUSY_LOOP],
    profiles: [CALM],
  },
  {
    what: 'leaving a loop to another that may have left',
    mutation: { drop: ['activeOrNotPending'] },
    cases: [BUSY_LOOP],
    profiles: [CALM],
  },
  {
    what: 'taking riders out of the header that were written meanwhile',
    mutation: { drop: ['riderAsSeen'] },
    cases: [BUSY_FAN],
    profiles: [LOSSES, CHAOS, BUSY_QUEUE],
    fat: true,
  },
  {
    what: 'the end of a child run that leaves no word for its parent',
    mutation: { noOutbox: true },
    cases: ['a subflow with the input of its node'],
    profiles: [CALM],
  },
  {
    what: 'arrivals of items that are counted instead of kept as a set',
    mutation: { countArrivals: true },
    cases: ['a batch of 20', 'a batch with workers that give nothing'],
    profiles: [BUSY_QUEUE, CRASHES],
  },
  {
    what: 'a full shard that is passed up only by whoever filled it',
    mutation: { fillerOnly: true },
    cases: ['a batch of 1', 'a batch whose workers set keys of their own'],
    profiles: [CRASHES],
  },
  {
    what: 'a zombie that acknowledges',
    mutation: { zombieAcknowledges: true },
    cases: ['a linear chain', 'a loop of 5 rounds'],
    profiles: [STORM, CHAOS],
  },
  {
    what: 'no job is sent again when a message comes back',
    mutation: { noResend: true },
    cases: ['fan-out and fan-in'],
    profiles: [CRASHES],
  },
  {
    what: 'jobs are sent before the commit that schedules them',
    mutation: { sendFirst: true },
    cases: ['fan-out and fan-in'],
    profiles: [CALM, BUSY_QUEUE],
  },
]

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
