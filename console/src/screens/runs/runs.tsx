/** The list of runs: newest first, filtered, live, and what is done to many of them at once. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import type { RunRow } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted } from '../../format.ts'
import { href, navigate, type RouteQuery } from '../../router.ts'
import { isWritable } from '../../service.ts'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { isNarrow } from '../../ui/narrow.ts'
import { Page } from '../../ui/page.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { VirtualTable } from '../../ui/virtual-table.tsx'
import { type BulkAct, BulkActDialog, BulkBar } from './bulk-bar.tsx'
import { columnsOf } from './columns.tsx'
import { RunCosts } from './costs.ts'
import { FilterBar } from './filter-bar.tsx'
import { countFilters, filtersOf, queryOf, type RunFilters } from './filters.ts'
import type { RunPages, RunPagesState } from './run-pages.ts'
import { usePages } from './use-pages.ts'
import { NOTHING_SELECTED, toggled, type Selection } from './selection.ts'

/** Rows before the end at which the next page is read. */
const AHEAD = 20
const COSTS_AFTER_MS = 200

export function RunsScreen({ query }: { readonly query: RouteQuery }) {
  const filters = useMemo(() => filtersOf(query), [query])
  const pages = usePages(filters)
  const state = pages.state.value
  const [selection, setSelection] = useState<Selection>(NOTHING_SELECTED)
  const [act, setAct] = useState<BulkAct>()
  useEffect(() => setSelection(NOTHING_SELECTED), [pages])
  const { order, chosen } = useChosen(state.runs, selection)
  const runs = chosen.length === 0 ? [] : state.runs.filter(({ runId }) => selection.ids.has(runId))
  const change = useCallback(
    (to: RunFilters) => navigate({ screen: 'runs', query: queryOf(to) }, { replace: true }),
    [],
  )
  return (
    <Page title="Runs" isFilling actions={<Actions state={state} onNewest={() => void pages.first()} />}>
      <FilterBar filters={filters} onChange={change} />
      {state.problem && <ProblemBox problem={state.problem} onRetry={() => void pages.first()} />}
      {chosen.length > 0 && (
        <BulkBar runs={runs} onClear={() => setSelection(NOTHING_SELECTED)} onAct={setAct} />
      )}
      <RunsTable
        pages={pages}
        order={order}
        chosen={chosen}
        filters={filters}
        onFilters={change}
        selection={selection}
        onSelection={setSelection}
      />
      {act && (
        <BulkActDialog
          act={act}
          onClose={() => setAct(undefined)}
          onDone={() => {
            setSelection(NOTHING_SELECTED)
            void pages.first()
          }}
        />
      )}
    </Page>
  )
}

function Actions({ state, onNewest }: { readonly state: RunPagesState; readonly onNewest: () => void }) {
  return (
    <>
      {state.pages > 1 && (
        <Button
          kind="quiet"
          icon="again"
          onClick={onNewest}
          title="Beyond its first page the list stands still"
        >
          Newest
        </Button>
      )}
      {state.pages <= 1 && !state.problem && <span class="live muted small">live</span>}
      {isWritable() && (
        <ButtonLink kind="primary" icon="plus" href={href({ screen: 'start' })}>
          Start a run
        </ButtonLink>
      )}
    </>
  )
}

/** Ids as the list has them, and those of them that are chosen: what has left the list meanwhile is chosen no more. */
function useChosen(runs: readonly RunRow[], { ids }: Selection) {
  const order = useMemo(() => runs.map(({ runId }) => runId), [runs])
  const chosen = useMemo(() => (ids.size === 0 ? [] : order.filter((id) => ids.has(id))), [order, ids])
  return { order, chosen }
}

interface RunsTableProps {
  readonly pages: RunPages
  readonly order: readonly string[]
  readonly chosen: readonly string[]
  readonly filters: RunFilters
  readonly onFilters: (filters: RunFilters) => void
  readonly selection: Selection
  readonly onSelection: (selection: Selection) => void
}

function RunsTable(props: RunsTableProps) {
  const { pages, order, chosen, filters, onFilters, selection, onSelection } = props
  const { runs, pages: read } = pages.state.value
  const [view, setView] = useState({ first: 0, end: 0 })
  const costs = useCosts(pages, view)
  const onView = useCallback((first: number, end: number) => setView({ first, end }), [])
  useEffect(() => {
    if (view.end > runs.length - AHEAD) void pages.more()
  }, [view.end, runs, pages])
  const isAll = chosen.length > 0 && chosen.length === order.length
  const columns = columnsOf({
    costs,
    onLabel: (label) => onFilters({ ...filters, labels: [...new Set([...filters.labels, label])] }),
    choosing: isWritable()
      ? {
          selection,
          isAll,
          isMixed: chosen.length > 0 && !isAll,
          onAll: (isOn) => onSelection(isOn ? { ids: new Set(order) } : NOTHING_SELECTED),
          onToggle: (runId, isOn, isRange) =>
            onSelection(toggled(selection, { runId, isOn, isRange }, order)),
        }
      : undefined,
  })
  if (read === 0) return pages.state.value.problem ? null : <Loading what="Reading runs" />
  return (
    <VirtualTable
      label="Runs"
      columns={columns}
      rows={runs}
      rowHeight={isNarrow.value ? 56 : 38}
      keyOf={({ runId }) => runId}
      scroll={pages}
      isSelected={({ runId }) => selection.ids.has(runId)}
      onView={onView}
      foot={<Foot pages={pages} filters={filters} />}
    />
  )
}

/** Of the rows in view, once somebody stops scrolling. */
function useCosts(
  pages: RunPages,
  { first, end }: { readonly first: number; readonly end: number },
): ReadonlyMap<string, number | null> {
  const costs = useMemo(() => new RunCosts((runIds) => api.costs(runIds)), [])
  const { runs } = pages.state.value
  useEffect(() => {
    const timer = setTimeout(() => void costs.show(runs.slice(first, end), Date.now()), COSTS_AFTER_MS)
    return () => clearTimeout(timer)
  }, [runs, first, end, costs])
  return costs.costs.value
}

function Foot({ pages, filters }: { readonly pages: RunPages; readonly filters: RunFilters }) {
  const { runs, cursor, isLoading, pages: read } = pages.state.value
  if (isLoading && read > 1) return <Loading what="Reading more" />
  if (cursor !== undefined)
    return pages.goesOn ? null : (
      <Empty title={`${counted(runs.length, 'run')} so far`}>
        <p>What is looked for is rare: older runs are looked through a page at a time.</p>
        <Button icon="search" onClick={() => void pages.more({ isAsked: true })}>
          Look on
        </Button>
      </Empty>
    )
  if (runs.length > 0) return <p class="table-end muted small">{counted(runs.length, 'run')}, no more</p>
  return countFilters(filters) > 0 ? (
    <Empty title="No run is like this">
      <a href={href({ screen: 'runs', query: {} })}>All runs</a>
    </Empty>
  ) : (
    <Empty title="There are no runs yet">{isWritable() && <a href="#/start">Start one</a>}</Empty>
  )
}
