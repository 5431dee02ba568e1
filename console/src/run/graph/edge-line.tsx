/** An edge of the graph; those that a run has taken are drawn strong. */
import { memo } from '../memo.ts'
import type { PlacedEdge } from './layout.ts'

export interface EdgeLineProps {
  readonly placed: PlacedEdge
  readonly isTaken: boolean
  readonly hasNames: boolean
}

export const EdgeLine = memo(function EdgeLine({ placed, isTaken, hasNames }: EdgeLineProps) {
  const { line, head, label, edge } = placed
  const width = label ? label.text.length * 6.2 + 8 : 0
  return (
    <g class="graph-edge" data-edge={`${edge.source} ${edge.target}`} data-taken={isTaken || undefined}>
      <path class="edge-line" d={line} />
      <path class="edge-head" d={head} />
      {hasNames && label && (
        <g transform={`translate(${label.x},${label.y})`}>
          <rect class="edge-label-back" x={-width / 2} y={-8} width={width} height={16} rx={3} />
          <text class="edge-label" y={4}>
            {label.text}
          </text>
        </g>
      )}
    </g>
  )
})
