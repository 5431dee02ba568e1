/** A node of the graph: its state as a colour, a picture and a word. */
import { now } from '../../clock.ts'
import { formatTicking } from '../../format.ts'
import { Icon } from '../../ui/icons.tsx'
import { stateIcon } from '../../ui/status-chip.tsx'
import { memo } from '../memo.ts'
import { LONGEST_NAME, type PlacedNode, shortened } from './layout.ts'
import type { NodeLook } from './looks.ts'

export interface NodeBoxProps {
  readonly placed: PlacedNode
  readonly look: NodeLook
  /** Without it the node is a picture and no button. */
  readonly isButton: boolean
  readonly isSelected: boolean
  /** Whether Tab leads to it: of all nodes to one only. */
  readonly isTabStop: boolean
  /** Whether names are large enough to be read. */
  readonly hasNames: boolean
}

export const NodeBox = memo(function NodeBox(props: NodeBoxProps) {
  const { placed, look, isButton, isSelected, isTabStop, hasNames } = props
  const { x, y, width, height, node } = placed
  const asButton = isButton
    ? ({ role: 'button', tabindex: isTabStop ? 0 : -1, 'aria-pressed': isSelected } as const)
    : ({ role: 'img' } as const)
  return (
    <g
      class="graph-node"
      data-node={node.id}
      data-state={look.state}
      data-left-out={look.isLeftOut || undefined}
      data-paused={look.isPaused || undefined}
      transform={`translate(${x},${y})`}
      {...asButton}
    >
      <title>{look.name}</title>
      <rect class="node-ring" x={-4} y={-4} width={width + 8} height={height + 8} rx={10} />
      <rect class="node-box" width={width} height={height} rx={7} />
      {look.items && <ItemsBar items={look.items} width={width} height={height} />}
      {hasNames && <NodeTexts placed={placed} look={look} />}
    </g>
  )
})

function NodeTexts({ placed: { node, width }, look }: Pick<NodeBoxProps, 'placed' | 'look'>) {
  const icon = look.isPaused ? 'pause' : (look.mark ?? stateIcon(look.state))
  const beside = look.round === undefined ? 38 : 62
  // Details are smaller than names; what ticks after them needs room, too.
  const most = Math.floor((width - beside) / 6.1) - (look.until === undefined ? 0 : 10)
  return (
    <g aria-hidden="true">
      <circle class="node-mark" cx={19} cy={23} r={10} />
      <g class="node-icon" transform="translate(12,16)">
        <Icon name={icon} size={14} />
      </g>
      <text class="node-name" x={36} y={20}>
        {shortened(node.id, LONGEST_NAME)}
      </text>
      <text class="node-detail" x={36} y={36}>
        {shortened(look.detail, Math.max(8, most))}
        {look.until !== undefined && <CountDown until={look.until} />}
      </text>
      {look.round !== undefined && (
        <text class="node-round" x={width - 10} y={36}>
          {`×${look.round}`}
        </text>
      )}
    </g>
  )
}

function CountDown({ until }: { readonly until: number }) {
  const left = until - now.value
  return <tspan class="node-until">{left > 0 ? `, ${formatTicking(left)}` : ', due'}</tspan>
}

function ItemsBar({
  items: { done, total, failed },
  width,
  height,
}: {
  readonly items: NonNullable<NodeLook['items']>
  readonly width: number
  readonly height: number
}) {
  const room = width - 16
  const part = (count: number) => (total > 0 ? (room * count) / total : 0)
  const bad = failed > 0 ? Math.max(2, part(failed)) : 0
  return (
    <g class="node-items" transform={`translate(8,${height - 6})`}>
      <rect class="items-all" width={room} height={3} rx={1.5} />
      <rect class="items-done" width={Math.max(0, part(done) - bad)} height={3} rx={1.5} />
      <rect class="items-failed" x={Math.max(0, part(done) - bad)} width={bad} height={3} rx={1.5} />
    </g>
  )
}
