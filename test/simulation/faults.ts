/** What may happen to a request, and who decides on it. */
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'

export type Fault =
  | 'none'
  /** The request fails and nothing happened. */
  | 'refused'
  /** It happened (a batch: perhaps in part), and the answer is lost. */
  | 'lost'
  /** It happens after the caller gave up. */
  | 'late'
  /** The worker dies before or after the request. */
  | 'dieBefore'
  | 'dieAfter'
  /** The worker stands still for longer than its lease, before the request or between it and its answer. */
  | 'freezeBefore'
  | 'freezeAfter'
  /** A node's code takes its time; whoever works on other messages goes on with them. */
  | 'slow'
  /** Its client gives it up after a while; it has happened by then, or happens later. */
  | 'answersLate'
  | 'landsLate'
  /** What is sent comes twice, or late. */
  | 'twice'
  | 'delayed'

const faults: readonly Exclude<Fault, 'none' | 'slow'>[] = [
  'refused',
  'lost',
  'late',
  'dieBefore',
  'dieAfter',
  'freezeBefore',
  'freezeAfter',
]
/** What can happen to a node's own code. */
const codeFaults: readonly Fault[] = ['dieBefore', 'dieAfter', 'freezeBefore', 'freezeAfter']
/** Where a process has one message, being slow is standing still. */
const anyCodeFaults: readonly Fault[] = [...codeFaults, 'slow']
/** What can happen to messages beside what can happen to the request that sends them. */
const messageFaults = ['twice', 'delayed'] as const

/** A step of a node's own code, or a request to the store or the queue by its name there. */
export interface FaultPoint {
  readonly label: string
  readonly isCode: boolean
}

/** Every fault that a request can meet, when it is a run's only one. */
export function faultsOf({ label, isCode }: FaultPoint): readonly Fault[] {
  if (isCode) return codeFaults
  return label === 'send' ? [...faults, ...messageFaults] : faults
}

/** Decides on the fault that a request meets. */
export interface FaultPlan {
  next(point: FaultPoint): Fault
  /** For how long a process stands still, and a late request is late, in milliseconds. @default - at random */
  readonly lateMs?: number
}

export function randomFaults(profile: Profile, random: Random): FaultPlan {
  let left = profile.faultsAtMost
  return {
    next({ isCode, label }) {
      if (left === 0 || (profile.aim && !profile.aim.includes(label))) return 'none'
      for (const fault of isCode ? anyCodeFaults : faults) {
        if (!random.chance(profile.faults[fault] ?? 0)) continue
        left--
        return fault
      }
      return 'none'
    },
  }
}

/** Longer than an invocation, its lease and a message's invisibility: whoever is so late finds a successor's work. */
const LATE_MS = 95_000

/** One fault, at the request with this number. */
export function oneFault(at: number, fault: Fault): FaultPlan {
  let request = 0
  return { lateMs: LATE_MS, next: () => (request++ === at ? fault : 'none') }
}
