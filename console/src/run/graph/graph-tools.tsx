import { IconButton } from '../../ui/button.tsx'
import type { Direction } from './layout.ts'

export interface GraphToolsProps {
  readonly onZoom: (larger: boolean) => void
  readonly onFit: () => void
  readonly direction: Direction
  readonly onDirection: (direction: Direction) => void
}

/** The buttons over a graph. */
export function GraphTools({ onZoom, onFit, direction, onDirection }: GraphToolsProps) {
  const isDown = direction === 'TB'
  return (
    <div class="graph-tools" role="toolbar" aria-label="View of the graph">
      <IconButton icon="plus" label="Larger (+)" onClick={() => onZoom(true)} />
      <IconButton icon="dash" label="Smaller (-)" onClick={() => onZoom(false)} />
      <IconButton icon="fit" label="Whole graph (0)" onClick={onFit} />
      <IconButton
        icon={isDown ? 'right' : 'down'}
        label={isDown ? 'Draw from left to right' : 'Draw from top to bottom'}
        onClick={() => onDirection(isDown ? 'LR' : 'TB')}
      />
    </div>
  )
}
