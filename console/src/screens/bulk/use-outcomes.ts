import { useEffect, useRef, useState } from 'preact/hooks'
import type { OutcomeView } from '../../../../lib/console/views.ts'
import { problemOf } from '../../problem.ts'
import { BulkOutcomes, type BulkSummary } from './summary.ts'

export interface Outcomes {
  readonly summary: BulkSummary
  readonly isOver: boolean
  readonly stop: () => void
  /** Reads what comes to its end, in place of what was read before. */
  readonly read: (
    outcomes: (signal: AbortSignal) => AsyncIterable<OutcomeView>,
  ) => Promise<BulkSummary | undefined>
}

/** Thousands may come in a second; nobody reads a number that changes more often. */
const SHOWN_EVERY_MS = 100

export function useOutcomes(): Outcomes {
  const [summary, setSummary] = useState<BulkSummary>(new BulkOutcomes().summary)
  const [isOver, setOver] = useState(false)
  const abort = useRef<AbortController | undefined>(undefined)
  useEffect(
    () => () => {
      abort.current?.abort()
      abort.current = undefined
    },
    [],
  )
  const read: Outcomes['read'] = async (outcomes) => {
    abort.current?.abort()
    const mine = new AbortController()
    abort.current = mine
    setOver(false)
    const sum = await add(outcomes(mine.signal), (known) => abort.current === mine && setSummary(known))
    // Another reading has begun meanwhile, or the dialog is closed.
    if (abort.current !== mine) return undefined
    setSummary(sum)
    setOver(true)
    return sum
  }
  return { summary, isOver, stop: () => abort.current?.abort(), read }
}

async function add(
  outcomes: AsyncIterable<OutcomeView>,
  show: (summary: BulkSummary) => void,
): Promise<BulkSummary> {
  const all = new BulkOutcomes()
  let shownAt = 0
  try {
    for await (const outcome of outcomes) {
      all.add(outcome)
      if (Date.now() - shownAt < SHOWN_EVERY_MS) continue
      shownAt = Date.now()
      show(all.summary)
    }
  } catch (error) {
    // Whoever stopped it knows that it stopped.
    if (!(error instanceof DOMException && error.name === 'AbortError'))
      all.add({ problem: problemOf(error) })
  }
  return all.summary
}
