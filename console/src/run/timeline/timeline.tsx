/** When each node ran, waited and was tried again: a line a node. */
import { useMemo, useState } from 'preact/hooks'
import type { HistoryView, RunView } from '../../../../lib/console/views.ts'
import { now } from '../../clock.ts'
import { counted } from '../../format.ts'
import { Checkbox } from '../../ui/checkbox.tsx'
import { Empty } from '../../ui/empty.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { isOver, type RunModel } from '../run-model.ts'
import { type TimelineModel, timelineOf } from './model.ts'
import { isMostlyIdle, scaleOf } from './scale.ts'
import { TimelineAxis } from './timeline-axis.tsx'
import { TimelineRow } from './timeline-row.tsx'
import { useWidth } from './use-width.ts'

export interface TimelineProps {
  readonly model: RunModel
  readonly run: RunView
  readonly history: HistoryView
  readonly selected: string | undefined
  readonly onSelect: (nodeId: string) => void
}

const ROW_HEIGHT = 26
/** Of what stands beside the line: see run.css. */
const NAMES_WIDTH = 168
const MARGIN = 22

export function Timeline(props: TimelineProps) {
  const { history, selected, onSelect } = props
  const timeline = useTimeline(props)
  const { frame, width } = useWidth()
  const busy = useMemo(() => busyIn(timeline), [timeline])
  const { from, to } = timeline
  const isIdle = useMemo(() => isMostlyIdle({ from, to, busy }), [from, to, busy])
  const [folds, setFolds] = useState<boolean>()
  const isFolded = folds ?? isIdle
  const room = Math.max(60, width - namesWidth(width) - MARGIN)
  const scale = useMemo(
    () => scaleOf({ from, to, width: room, ...(isFolded ? { busy } : {}) }),
    [from, to, room, isFolded, busy],
  )
  if (!timeline.hasTimes) return <NoTimes run={props.run} />
  const shownRow = timeline.rows.findIndex(({ nodeId }) => nodeId === selected)
  return (
    <div class="timeline" ref={frame}>
      <div class="timeline-top">
        <div class="timeline-options">
          <Checkbox label="Fold idle time" isChecked={isFolded} onChange={setFolds} />
        </div>
        <TimelineAxis scale={scale} marks={timeline.marks} />
      </div>
      <VirtualList
        items={timeline.rows}
        rowHeight={ROW_HEIGHT}
        label="Timeline, a line a node"
        keyOf={({ nodeId }) => nodeId}
        shownRow={shownRow}
        render={(row) => (
          <TimelineRow
            row={row}
            scale={scale}
            end={timeline.to}
            isSelected={row.nodeId === selected}
            onSelect={onSelect}
          />
        )}
      />
      {history.more > 0 && (
        <p class="muted small events-more">{`${counted(history.more, 'later entry', 'later entries')} of the history are left out.`}</p>
      )}
    </div>
  )
}

/** On a narrow page names have less room; run.css says the same. */
function namesWidth(width: number): number {
  return width < 560 ? 126 : NAMES_WIDTH
}

function useTimeline({ model, run, history }: TimelineProps): TimelineModel {
  const graph = model.graph.value
  const seenActive = model.seenActive.value
  const order = useMemo(() => graph?.nodes.map(({ id }) => id) ?? [], [graph])
  const startedAt = Date.parse(run.startsAt ?? run.startedAt)
  const endedAt = run.endedAt === undefined ? undefined : Date.parse(run.endedAt)
  const time = isOver(run) ? (endedAt ?? startedAt) : now.value
  return useMemo(
    () =>
      timelineOf({
        entries: history.entries,
        order,
        startedAt,
        endedAt,
        now: time,
        progress: run.progress,
        seenActive,
      }),
    [history, order, startedAt, endedAt, time, run.progress, seenActive],
  )
}

function busyIn({ rows, to }: TimelineModel): { readonly from: number; readonly to: number }[] {
  return rows.flatMap(({ spans, items }) => [
    ...spans
      .filter(({ kind }) => kind === 'runs' || kind === 'failed')
      .map((span) => ({ from: span.from, to: span.to ?? to })),
    ...items,
  ])
}

function NoTimes({ run }: { readonly run: RunView }) {
  if (run.progress.every(({ state }) => state === 'notRun'))
    return <Empty title="No node has done anything yet." />
  if (!isOver(run)) return <Empty title="The workers have noted no times yet." />
  return (
    <Empty title="The times of this run are not kept.">
      Workers note them where the service has a history of 'timings' or 'full'. What happened is under Events.
    </Empty>
  )
}
