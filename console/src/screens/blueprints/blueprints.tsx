/** All blueprints: how their runs of the last day went, and whether they are paused. */
import { useEffect } from 'preact/hooks'
import type { BlueprintRow } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted, formatDuration } from '../../format.ts'
import { rememberBlueprints } from '../../known-blueprints.ts'
import { blueprintHref, href } from '../../router.ts'
import { isWritable } from '../../service.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { StatusChip } from '../../ui/status-chip.tsx'
import { useData } from '../../ui/use-data.ts'
import { DayBar, runsText } from './day.tsx'
import { PauseButton, pauseText } from './pause.tsx'

export function BlueprintsScreen() {
  const { value, problem, reload } = useData('blueprints', api.blueprints)
  useEffect(() => {
    if (value) rememberBlueprints(value)
  }, [value])
  return (
    <Page title="Blueprints">
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="Asking the workers" />}
      {value?.blueprints.length === 0 && (
        <Empty title="There is no blueprint">
          <p>Its workers have none, and no run of the last day tells of one.</p>
        </Empty>
      )}
      {value && value.blueprints.length > 0 && <Table rows={value.blueprints} onDone={reload} />}
    </Page>
  )
}

interface TableProps {
  readonly rows: readonly BlueprintRow[]
  readonly onDone: () => void
}

function Table({ rows, onDone }: TableProps) {
  return (
    <div class="panel plain-table" role="region" aria-label="Blueprints" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Blueprint</th>
            <th scope="col" class="wide-only">
              Version
            </th>
            <th scope="col">Last day</th>
            <th scope="col" class="number">
              Runs
            </th>
            <th scope="col" class="number wide-only">
              Median
            </th>
            <th scope="col" class="number wide-only">
              95 %
            </th>
            {isWritable() && (
              <th scope="col" class="wide-only">
                <span class="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.blueprintId} row={row} onDone={onDone} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ row, onDone }: { readonly row: BlueprintRow; readonly onDone: () => void }) {
  const { blueprintId, version, warnings = 0, paused, lastDay } = row
  return (
    <tr>
      <th scope="row" class="blueprint-name">
        <a href={blueprintHref(blueprintId)}>{blueprintId}</a>
        {paused && <StatusChip state="paused" />}
        {warnings > 0 && (
          <a class="warning-count small" href={blueprintHref(blueprintId)}>
            <Icon name="warning" size={12} /> {counted(warnings, 'warning')}
          </a>
        )}
        {paused && <span class="muted small">{pauseText(paused)}</span>}
      </th>
      <td class="wide-only">
        {version === undefined ? <span class="muted">not known</span> : <code>{version}</code>}
      </td>
      <td class="day-cell">
        <DayBar day={lastDay} />
      </td>
      <td class="number">{runsText(lastDay)}</td>
      <td class="number wide-only">{tookText(lastDay.medianMs)}</td>
      <td class="number wide-only">{tookText(lastDay.p95Ms)}</td>
      {isWritable() && (
        <td class="wide-only">
          <div class="row-acts">
            <ButtonLink icon="plus" href={href({ screen: 'start', blueprintId })}>
              Start
            </ButtonLink>
            <PauseButton blueprint={row} onDone={onDone} />
          </div>
        </td>
      )}
    </tr>
  )
}

const tookText = (ms: number | undefined) => (ms === undefined ? '–' : formatDuration(ms))
