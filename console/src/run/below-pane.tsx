/** Under the graph: when it happened, what happened, what was logged. */
import { useState } from 'preact/hooks'
import type { RunView } from '../../../lib/console/views.ts'
import { Loading } from '../ui/empty.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { LogLines } from './logs/log-lines.tsx'
import type { RunModel } from './run-model.ts'
import { Tabs } from './tabs.tsx'
import { EventList } from './timeline/event-list.tsx'
import { Timeline } from './timeline/timeline.tsx'

export interface BelowPaneProps {
  readonly model: RunModel
  readonly run: RunView
  readonly selected: string | undefined
  readonly onSelect: (nodeId: string | undefined) => void
}

const TABS = [
  { id: 'timeline', text: 'Timeline' },
  { id: 'events', text: 'Events' },
  { id: 'log', text: 'Log' },
] as const

export function BelowPane({ model, run, selected, onSelect }: BelowPaneProps) {
  const [tab, setTab] = useState<string>('timeline')
  return (
    <section class="run-below" aria-label="What happened when">
      <Tabs label="What happened" tabs={TABS} current={tab} onPick={setTab}>
        {tab === 'log' ? (
          <LogLines runId={run.runId} />
        ) : (
          <Happened {...{ model, run, tab, selected, onSelect }} />
        )}
      </Tabs>
    </section>
  )
}

function Happened({ model, run, tab, selected, onSelect }: BelowPaneProps & { readonly tab: string }) {
  const history = model.history.value
  const problem = model.historyProblem.value
  if (!history)
    return problem ? (
      <ProblemBox problem={problem} onRetry={() => void model.start()} />
    ) : (
      <Loading what="Reading the history" />
    )
  const shared = { history, selected, onSelect }
  return tab === 'events' ? (
    <EventList {...shared} startedAt={run.startsAt ?? run.startedAt} />
  ) : (
    <Timeline {...shared} model={model} run={run} />
  )
}
