/** Columns of the list of runs. */
import type { RunRow } from '../../../../lib/console/views.ts'
import { formatUsd } from '../../format.ts'
import { blueprintHref, runHref } from '../../router.ts'
import { Checkbox } from '../../ui/checkbox.tsx'
import { StatusChip } from '../../ui/status-chip.tsx'
import { Ago, Duration } from '../../ui/time.tsx'
import type { Column } from '../../ui/virtual-table.tsx'
import type { Selection } from './selection.ts'

export interface ColumnsOptions {
  readonly costs: ReadonlyMap<string, number | null>
  readonly onLabel: (label: string) => void
  /** Absent: nothing can be chosen. */
  readonly choosing?: {
    readonly selection: Selection
    readonly isAll: boolean
    readonly isMixed: boolean
    readonly onAll: (isOn: boolean) => void
    readonly onToggle: (runId: string, isOn: boolean, isRange: boolean) => void
  }
}

export function columnsOf({ costs, onLabel, choosing }: ColumnsOptions): readonly Column<RunRow>[] {
  const columns: readonly Column<RunRow>[] = [
    { id: 'status', head: 'Status', cell: ({ status }) => <StatusChip state={status} /> },
    { id: 'run', head: 'Run', cell: (run) => <RunCell run={run} /> },
    {
      id: 'blueprint',
      head: 'Blueprint',
      cell: ({ blueprintId }) => (
        <a class="plain-link" href={blueprintHref(blueprintId)}>
          {blueprintId}
        </a>
      ),
    },
    { id: 'labels', head: 'Labels', cell: (run) => <Labels run={run} onLabel={onLabel} /> },
    { id: 'started', head: 'Started', cell: ({ startedAt }) => <Ago at={startedAt} /> },
    {
      id: 'duration',
      head: 'Duration',
      cell: ({ startedAt, endedAt }) => <Duration from={startedAt} to={endedAt} />,
    },
    { id: 'cost', head: 'Cost', cell: ({ runId }) => <Cost usd={costs.get(runId)} /> },
  ]
  return choosing ? [selectColumn(choosing), ...columns] : columns
}

function selectColumn({
  selection,
  isAll,
  isMixed,
  onAll,
  onToggle,
}: NonNullable<ColumnsOptions['choosing']>): Column<RunRow> {
  const { ids } = selection
  return {
    id: 'select',
    head: (
      <Checkbox
        label="Choose all runs of this list"
        isLabelHidden
        isChecked={isAll}
        isMixed={isMixed}
        onChange={onAll}
      />
    ),
    cell: ({ runId }) => (
      <Checkbox
        label={`Choose run ${runId}`}
        isLabelHidden
        isChecked={ids.has(runId)}
        onChange={(isOn, isRange) => onToggle(runId, isOn, isRange)}
      />
    ),
  }
}

function RunCell({ run: { runId, blueprintId, parentRunId, forkedFrom } }: { readonly run: RunRow }) {
  return (
    <>
      <a class="run-id mono" href={runHref(runId)} title={runId}>
        {runId}
      </a>
      {parentRunId !== undefined && (
        <a class="tag" href={runHref(parentRunId)} title={`child of ${parentRunId}`}>
          child
        </a>
      )}
      {forkedFrom !== undefined && (
        <a class="tag" href={runHref(forkedFrom.runId)} title={`fork of ${forkedFrom.runId}`}>
          fork
        </a>
      )}
      <span class="run-blueprint muted small">{blueprintId}</span>
    </>
  )
}

function Labels({
  run: { labels = {} },
  onLabel,
}: {
  readonly run: RunRow
  readonly onLabel: (label: string) => void
}) {
  return (
    <>
      {Object.entries(labels).map(([name, value]) => {
        const label = `${name}=${value}`
        return (
          <button
            key={name}
            type="button"
            class="tag tag-button"
            title={`Only runs with ${label}`}
            onClick={() => onLabel(label)}
          >
            {label}
          </button>
        )
      })}
    </>
  )
}

/** undefined: not asked yet; null: nothing was counted. */
function Cost({ usd }: { readonly usd: number | null | undefined }) {
  if (usd === undefined) return <span class="muted">…</span>
  if (usd === null) return <span class="muted">–</span>
  return <span>{formatUsd(usd)}</span>
}
