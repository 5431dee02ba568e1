/** What a screen shows, as it is read from the server. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { ProblemView } from '../../../lib/console/views.ts'
import { problemOf } from '../problem.ts'

export interface Data<T> {
  readonly value?: T
  /** Why it could not be read; what was read before stays. */
  readonly problem?: ProblemView
  readonly isLoading: boolean
  readonly reload: () => void
}

export interface DataOptions {
  /** Reads it again after as many milliseconds, while the page is visible. Default: never. */
  readonly everyMs?: number
}

/** Reads anew where `key` changes, and drops what belonged to another key. */
export function useData<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { everyMs }: DataOptions = {},
): Data<T> {
  const [state, setState] = useState<{
    readonly key: string
    readonly value?: T
    readonly problem?: ProblemView
  }>({ key: '' })
  const [round, setRound] = useState(0)
  const [isLoading, setLoading] = useState(true)
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    const abort = new AbortController()
    setLoading(true)
    latest
      .current(abort.signal)
      .then(
        (value) => !abort.signal.aborted && setState({ key, value }),
        (error) =>
          !abort.signal.aborted &&
          setState((known) => ({ ...(known.key === key ? known : { key }), problem: problemOf(error) })),
      )
      .finally(() => !abort.signal.aborted && setLoading(false))
    return () => abort.abort()
  }, [key, round])
  const reload = useCallback(() => setRound((round) => round + 1), [])
  useEvery(everyMs, isLoading, reload)
  const isCurrent = state.key === key
  return {
    value: isCurrent ? state.value : undefined,
    problem: isCurrent ? state.problem : undefined,
    isLoading,
    reload,
  }
}

/** Calls it some time after the last answer, so that a slow server is not asked twice at once; not while nobody looks. */
export function useEvery(everyMs: number | undefined, isBusy: boolean, call: () => void): void {
  useEffect(() => {
    if (everyMs === undefined || isBusy) return undefined
    const due = Date.now() + everyMs
    let timer: ReturnType<typeof setTimeout> | undefined
    const arm = () => {
      clearTimeout(timer)
      timer = document.hidden ? undefined : setTimeout(call, Math.max(0, due - Date.now()))
    }
    arm()
    document.addEventListener('visibilitychange', arm)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', arm)
    }
  }, [everyMs, isBusy, call])
}
