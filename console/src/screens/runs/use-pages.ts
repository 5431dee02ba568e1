import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { api } from '../../api.ts'
import { useEvery } from '../../ui/use-data.ts'
import { queryOf, requestOf, type RunFilters } from './filters.ts'
import { RunPages } from './run-pages.ts'

const PAGE_OF = 100
const LIVE_EVERY_MS = 5_000

/** The list that was shown last: who comes back from a run soon finds it as it was. */
let kept: { readonly key: string; readonly pages: RunPages; leftAt: number } | undefined
const KEPT_MS = 120_000

function pagesOf(filters: RunFilters): RunPages {
  const key = JSON.stringify(queryOf(filters))
  if (kept?.key !== key || Date.now() - kept.leftAt > KEPT_MS) {
    const pages = new RunPages((cursor, signal) =>
      api.runs({ ...requestOf(filters, Date.now()), limit: PAGE_OF, cursor }, signal),
    )
    kept = { key, pages, leftAt: Infinity }
  }
  return kept.pages
}

/** Read anew where the filters change, and each five seconds while the first page is all there is. */
export function usePages(filters: RunFilters): RunPages {
  const pages = useMemo(() => pagesOf(filters), [filters])
  useEffect(() => {
    // What was read beyond the first page stands still in any case.
    if (pages.state.value.pages <= 1) void pages.first()
    return () => {
      pages.close()
      if (kept?.pages === pages) kept.leftAt = Date.now()
    }
  }, [pages])
  const { pages: read, isLoading } = pages.state.value
  const refresh = useCallback(() => void pages.first(), [pages])
  useEvery(read <= 1 ? LIVE_EVERY_MS : undefined, isLoading, refresh)
  return pages
}
