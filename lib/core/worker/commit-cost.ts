/** What a commit adds to the cost of its run: what was counted since the last one, and what follows this one in its message. */
import { type CountName, type Counts, entriesOf, plus } from '../common/run-counts.ts'
import type { RunState } from '../protocol/run-state.ts'
import type { Services } from '../execution/services.ts'
import type { CoreChange } from '../protocol/transition.ts'
import type { Activation } from './activation.ts'

/** Names that a run may have for what its nodes paid. More are added up under one: each is an attribute of the header. */
const NAMES_AT_MOST = 20
const OTHER = '$.other'
/** SQS takes ten jobs in one request, counted in hundredths. */
const JOBS_OF_A_REQUEST = 10
const REQUEST = 100

/** Undefined where nothing is counted. `spent`: what child runs or items used for this activation. */
export function costOf(
  { services, key, entry }: Pick<Activation, 'services' | 'key' | 'entry'>,
  run: RunState,
  change: CoreChange,
  spent: Counts | undefined,
): Counts | undefined {
  const { counter, store } = services
  if (!counter) return undefined
  // In memory no requests follow.
  const expected = store.countedBy ? expectedAfter(change, run, services) : {}
  return named(run, plus(counter.take(`${key}~${entry.suspensions ?? 0}`, expected), spent))
}

/** What this message does after a commit, where no other follows in it. */
function expectedAfter(change: CoreChange, run: RunState, { costs }: Services): Counts {
  const { final, suspend } = change
  // It looks whether what it waits for is there, sends what brings it, and gives its lease back.
  if (suspend) return { $r: 1, $w: 1, $d: 2, $q: suspend.wait?.kind === 'event' ? 0 : REQUEST }
  const queued = [...change.schedule.values()].filter(({ inline }) => !inline).length
  const requests = Math.ceil(queued / JOBS_OF_A_REQUEST) + (final && run.parent ? 1 : 0)
  const end = final?.outbox ? { $d: 1, $e: costs?.eventsAtEnd ?? 0 } : {}
  return { ...end, $q: requests * REQUEST }
}

function named({ cost = {} }: RunState, counts: Counts): Counts {
  const known = Object.keys(cost).filter(isName)
  const fresh = entriesOf(counts).filter(([name]) => isName(name) && !known.includes(name))
  const beyond = fresh.slice(Math.max(0, NAMES_AT_MOST - known.length))
  if (beyond.length === 0) return counts
  const rest = entriesOf(counts).filter(([name]) => !beyond.some(([other]) => other === name))
  const sum = beyond.reduce((total, [, count]) => total + count, 0)
  return plus(Object.fromEntries(rest), { [OTHER]: sum })
}

function isName(name: string): name is CountName & `$.${string}` {
  return name.startsWith('$.') && name !== OTHER
}
