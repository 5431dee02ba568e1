/** One blueprint: its graph, what is to be said of it, its versions, how its runs of the last day went. */
import type { BlueprintView, GraphView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted, formatDuration } from '../../format.ts'
import { href } from '../../router.ts'
import { isWritable } from '../../service.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { JsonTree } from '../../ui/json-tree.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { StatusChip } from '../../ui/status-chip.tsx'
import { useData } from '../../ui/use-data.ts'
import { GraphPicture } from '../../run/graph/graph-picture.tsx'
import { DayBar, DayCounts, runsText } from './day.tsx'
import { PauseButton, pauseText } from './pause.tsx'

export function BlueprintScreen({ blueprintId }: { readonly blueprintId: string }) {
  const { value, problem, reload } = useData(`blueprint ${blueprintId}`, (signal) =>
    api.blueprint(blueprintId, signal),
  )
  return (
    <Page
      title={
        <>
          {blueprintId} {value?.paused && <StatusChip state="paused" />}
        </>
      }
      actions={value && <Actions blueprint={value} onDone={reload} />}
    >
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="Asking the workers" />}
      {value && <Parts blueprint={value} />}
    </Page>
  )
}

function Actions({ blueprint, onDone }: { readonly blueprint: BlueprintView; readonly onDone: () => void }) {
  const { blueprintId } = blueprint
  return (
    <>
      <ButtonLink href={href({ screen: 'runs', query: { blueprint: [blueprintId] } })}>Its runs</ButtonLink>
      <PauseButton blueprint={blueprint} onDone={onDone} />
      {isWritable() && (
        <ButtonLink kind="primary" icon="plus" href={href({ screen: 'start', blueprintId })}>
          Start a run
        </ButtonLink>
      )}
    </>
  )
}

function Parts({ blueprint }: { readonly blueprint: BlueprintView }) {
  const { graph, paused, warnings, inputSchema } = blueprint
  return (
    <>
      {paused && <p class="muted">{pauseText(paused)}</p>}
      {warnings.length > 0 && <Warnings warnings={warnings} />}
      <div class="blueprint-parts">
        <section class="panel blueprint-graph" aria-label="Graph">
          {graph ? <Graph graph={graph} /> : <NoGraph />}
        </section>
        <div class="blueprint-side">
          <LastDay blueprint={blueprint} />
          <Versions blueprint={blueprint} />
          {inputSchema !== undefined && (
            <section class="panel">
              <h2>Input</h2>
              <JsonTree value={inputSchema} label="schema of the input" />
            </section>
          )}
        </div>
      </div>
    </>
  )
}

function Graph({ graph }: { readonly graph: GraphView }) {
  return <GraphPicture graph={graph} />
}

function NoGraph() {
  return (
    <Empty title="Its graph is not known">
      <p>No worker has it any more, and no run of it was found.</p>
    </Empty>
  )
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  return (
    <section class="panel warnings" data-state="awaiting" aria-label="Warnings">
      <h2>{counted(warnings.length, 'warning')} of its registration</h2>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  )
}

function LastDay({ blueprint: { blueprintId, lastDay } }: { readonly blueprint: BlueprintView }) {
  const { medianMs, p95Ms } = lastDay
  return (
    <section class="panel">
      <h2>Last day</h2>
      {lastDay.runs === 0 ? (
        <p class="muted">No run was started.</p>
      ) : (
        <div class="day">
          <p>
            <strong>{runsText(lastDay)}</strong> runs
            {medianMs !== undefined && (
              <span class="muted">, half of them within {formatDuration(medianMs)}</span>
            )}
            {p95Ms !== undefined && <span class="muted">, 95 % within {formatDuration(p95Ms)}</span>}
          </p>
          <DayBar day={lastDay} />
          <DayCounts blueprintId={blueprintId} day={lastDay} />
          {lastDay.more && <p class="muted small">Of the latest ones; there are more.</p>}
        </div>
      )}
    </section>
  )
}

function Versions({ blueprint: { versions } }: { readonly blueprint: BlueprintView }) {
  if (versions.length === 0) return null
  return (
    <section class="panel">
      <h2>Versions in use</h2>
      <ul class="versions">
        {versions.map(({ version, isCurrent }) => (
          <li key={version}>
            <code>{version}</code> {isCurrent && <span class="badge">of the workers</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
