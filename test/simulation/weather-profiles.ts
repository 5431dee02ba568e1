/** The weather of the cloud that runs are held against: see `weather.ts`, and the table in docs/failure-modes.md. */
import { BATCHES, CALM, CHAOS, PASSING, type Profile, SLOTS } from './profile.ts'

const MINUTE_MS = 60_000
const TEN_MINUTES_MS = 10 * MINUTE_MS

/** Nothing but the weather. What it brings makes nodes run twice, so runs are not held to be calm. */
const fair: Profile = {
  ...CALM,
  name: 'fair',
  // A function of 30 seconds; its message is hidden for 10 more.
  visibilityMs: 40_000,
  faultsAtMost: 1,
  // As long as the weather lasts, and for what it is felt after it.
  timerLateMs: 2 * TEN_MINUTES_MS,
}

const away = { kind: 'away', lastsMs: TEN_MINUTES_MS } as const

export const DYNAMODB_AWAY: Profile = {
  ...fair,
  name: 'dynamodb-away',
  weather: { ...away, service: 'dynamodb' },
}
export const SQS_AWAY: Profile = { ...fair, name: 'sqs-away', weather: { ...away, service: 'sqs' } }
export const S3_AWAY: Profile = {
  ...fair,
  name: 's3-away',
  objects: true,
  weather: { ...away, service: 's3' },
}
/** Somebody waits to be told of what becomes of the run. */
export const EVENTBRIDGE_AWAY: Profile = {
  ...fair,
  name: 'eventbridge-away',
  events: ['started', 'waiting'],
  weather: { ...away, service: 'eventbridge' },
}
export const THROTTLED_PARTITION: Profile = {
  ...fair,
  name: 'throttled-partition',
  weather: { kind: 'throttled', service: 'dynamodb', lastsMs: TEN_MINUTES_MS },
}
export const SLOW_ANSWERS: Profile = {
  ...fair,
  name: 'answers-of-a-minute',
  weather: { kind: 'slow', service: 'dynamodb', lastsMs: TEN_MINUTES_MS },
}
export const WITHHELD: Profile = {
  ...fair,
  name: 'delivered-after-hours',
  timerLateMs: Infinity,
  weather: { kind: 'withheld', service: 'sqs', lastsMs: TEN_MINUTES_MS },
}
export const FROZEN: Profile = {
  ...fair,
  name: 'frozen',
  workers: 8,
  weather: { kind: 'frozen', service: 'dynamodb', lastsMs: TEN_MINUTES_MS },
}

/** For seconds S3 refuses what it is asked, or its answers are lost: no node runs again for it. */
export const PASSING_S3: Profile = {
  ...PASSING,
  name: 'passing-trouble-of-s3',
  objects: true,
  aim: ['putObject', 'getObject'],
}

/** The same, for a worker that lives long. */
export function longLived(profile: Profile): Profile {
  const { together } = SLOTS
  return { ...profile, name: `${profile.name}-slots`, together, visibilityMs: 45_000 }
}

/** And everything else goes wrong as well. */
function inChaos(profile: Profile): Profile {
  const { faults, duplicates, delays } = CHAOS
  return {
    ...profile,
    name: `${profile.name}-chaos`,
    faults,
    duplicates,
    delays,
    faultsAtMost: 5,
    timerLateMs: Infinity,
  }
}

export const weatherProfiles: readonly Profile[] = [
  DYNAMODB_AWAY,
  SQS_AWAY,
  S3_AWAY,
  EVENTBRIDGE_AWAY,
  THROTTLED_PARTITION,
  SLOW_ANSWERS,
  WITHHELD,
  FROZEN,
  PASSING_S3,
  longLived(DYNAMODB_AWAY),
  longLived(SLOW_ANSWERS),
  longLived(FROZEN),
  { ...inChaos(DYNAMODB_AWAY), together: BATCHES.together, workers: 3 },
  inChaos(SLOW_ANSWERS),
  inChaos(FROZEN),
]
