/** Where one begins: with what failed within the last hour, else with the runs. */
import { useEffect } from 'preact/hooks'
import { api } from '../api.ts'
import { navigate } from '../router.ts'
import { Loading } from '../ui/empty.tsx'

const HOUR_MS = 3_600_000

export function Home() {
  useEffect(() => {
    const abort = new AbortController()
    void firstScreen(abort.signal).then(
      (screen) => !abort.signal.aborted && navigate({ screen, query: {} }, { replace: true }),
    )
    return () => abort.abort()
  }, [])
  return <Loading what="Looking what failed" />
}

/** Whoever may not read failures, or has none, still has runs. */
async function firstScreen(signal: AbortSignal): Promise<'failures' | 'runs'> {
  try {
    const since = new Date(Date.now() - HOUR_MS).toISOString()
    const { groups } = await api.failures({ since }, signal)
    return groups.length > 0 ? 'failures' : 'runs'
  } catch {
    return 'runs'
  }
}
