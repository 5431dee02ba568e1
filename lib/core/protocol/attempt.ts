/** Attempts: which execution of an activation wrote something. Names of what it writes rest on it. Pure. */
import { createHash } from 'node:crypto'

/**
 * One execution of an activation. A redelivery, a second strand, another suspension, another run of its node are other
 * attempts, so that no two of them write under one name, however late a write arrives.
 */
export interface Attempt {
  /** Number of leases on the strand so far, this one included, from 1; or who works on it without one. */
  readonly lease: number | Unleased
  /** Whether the strand's message names the activation itself, or a predecessor that carried on at it. */
  readonly strand: 'own' | 'carried-on'
  /** How often the activation was suspended before. */
  readonly suspensions: number
  /** How often its node was run again under this lease, since others had changed what it had read. */
  readonly reruns: number
  /** Where the activation was ahead of the header (`checkpoints.ts`). @default - the header had it */
  readonly ahead?: AheadOf
}

/**
 * What tells such an execution from any other of its activation, of whichever strand: at one state of a run there is one active
 * activation that so many steps lead on from, since only one node leads to each of those behind it.
 */
interface AheadOf {
  /** Number of commits that the header showed. */
  readonly seq: number
  /** How many had ended before it that no commit told: from 1. */
  readonly steps: number
}

/**
 * What an attempt writes at its end, apart from what its node left: an error in place of a result that cannot be
 * stored, that cannot be committed, or that five deliveries could not come to. Each under names of its own, since a write
 * whose answer was lost may still arrive.
 */
const endings = { unstorable: 0, uncommitted: 1, givenUp: 2 } as const
export type Ending = keyof typeof endings

/** As it stands in keys and pointers of stored values; runs under way rest on this form. */
export type AttemptName = string & { readonly __brand: 'AttemptName' }

/** Twelve digits, at random: two who work on one strand without a lease have others. */
export type Unleased = string & { readonly __brand: 'Unleased' }

const UNLEASED_DIGITS = 12

/** `token` is unique, and of any form. */
export function unleasedAs(token: string): Unleased {
  const number = createHash('sha256').update(token).digest().readUIntBE(0, 6) % 10 ** UNLEASED_DIGITS
  return String(number).padStart(UNLEASED_DIGITS, '0') as Unleased
}

/** No strand is leased so often: a lease is over after minutes, and a run after a year at most. */
const CARRIED_ON = 500_000
const PARK = 1_000_000

export function attemptName(
  { lease, strand, suspensions, reruns, ahead }: Attempt,
  ending?: Ending,
): AttemptName {
  // Behind a zero, with which no number of a lease begins. Digits, since workers of older versions read pointers too.
  const number =
    typeof lease === 'string'
      ? `0${lease}${suspensions}`
      : lease + (strand === 'own' ? 0 : CARRIED_ON) + PARK * suspensions
  // No token is as short as a number of steps.
  const place = ahead ? `0${ahead.steps}.${ahead.seq}.` : ''
  const name = reruns === 0 ? `${place}${number}` : `${place}${number}.${reruns}`
  // Reruns count from 1, so 0 is no rerun's.
  return (ending === undefined ? name : `${name}.0.${endings[ending]}`) as AttemptName
}
