import { useMemo } from 'preact/hooks'
import { counted, formatDuration } from '../../format.ts'
import { rowName } from './row-name.ts'
import type { ItemSlice } from './item-slices.ts'
import type { Row, Span } from './model.ts'
import { joined, type Scale } from './scale.ts'

export interface TimelineRowProps {
  readonly row: Row
  readonly scale: Scale
  /** Of what goes on, in milliseconds since the epoch. */
  readonly end: number
  readonly isSelected: boolean
  readonly onSelect: (nodeId: string) => void
}

const LEAST_WIDTH = 3

export function TimelineRow({ row, scale, end, isSelected, onSelect }: TimelineRowProps) {
  const bars = useMemo(
    () =>
      joined(
        row.spans.map((span) => ({ ...span, isOpen: span.to === undefined, to: span.to ?? end })),
        scale,
      ),
    [row, scale, end],
  )
  const most = Math.max(1, ...row.items.map(({ count }) => count))
  return (
    <button
      type="button"
      class="timeline-row"
      data-timeline={row.nodeId}
      aria-pressed={isSelected}
      aria-label={rowName(row, end)}
      onClick={() => onSelect(row.nodeId)}
    >
      <span class="timeline-name">{row.nodeId}</span>
      <span class="timeline-track">
        {scale.folds.map(({ at, width }) => (
          <span key={at} class="fold" style={{ left: `${at}px`, width: `${width}px` }} />
        ))}
        {bars.map((bar) => (
          <Bar key={bar.from + bar.kind} bar={bar} scale={scale} />
        ))}
        {row.items.map((slice) => (
          <Items key={slice.from} slice={slice} most={most} scale={scale} />
        ))}
        {bars.length === 0 && row.items.length === 0 && <span class="timeline-none">time not kept</span>}
      </span>
    </button>
  )
}

function Bar({
  bar,
  scale,
}: {
  readonly bar: Required<Span> & { readonly count: number; readonly isOpen: boolean }
  readonly scale: Scale
}) {
  const left = scale.at(bar.from)
  const width = Math.max(LEAST_WIDTH, scale.at(bar.to) - left)
  const text =
    bar.count > 1
      ? `${counted(bar.count, 'time')} ${bar.what}`
      : `${bar.what}, ${formatDuration(bar.to - bar.from)}`
  return (
    <span
      class="bar"
      data-kind={bar.kind}
      data-open={bar.isOpen || undefined}
      style={{ left: `${Math.min(left, scale.width - LEAST_WIDTH)}px`, width: `${width}px` }}
      title={text}
    />
  )
}

/** As high as many items ended then. */
function Items({
  slice,
  most,
  scale,
}: {
  readonly slice: ItemSlice
  readonly most: number
  readonly scale: Scale
}) {
  const { from, to, count, failed } = slice
  const left = scale.at(from)
  const width = Math.max(LEAST_WIDTH, scale.at(to) - left - 1)
  const height = `${Math.max(25, (100 * count) / most)}%`
  const title = failed > 0 ? `${counted(count, 'item')}, ${failed} failed` : counted(count, 'item')
  return (
    <span
      class="item-bar"
      data-failed={failed > 0 || undefined}
      title={title}
      style={{ left: `${left}px`, width: `${width}px`, height }}
    />
  )
}
