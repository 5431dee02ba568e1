/** Chooses nodes of a run. */
import { useState } from 'preact/hooks'
import type { NodeProgressView } from '../../../../lib/console/views.ts'
import { Checkbox } from '../../ui/checkbox.tsx'
import { StatusChip } from '../../ui/status-chip.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'

export interface NodePickerProps {
  /** What leaving all of them unchosen means. */
  readonly hint: string
  readonly nodes: readonly NodeProgressView[]
  readonly chosen: ReadonlySet<string>
  readonly onChange: (chosen: ReadonlySet<string>) => void
}

const ROW_HEIGHT = 30
const ROWS = 6
/** More are searched through. */
const MANY = 8

export function NodePicker({ hint, nodes, chosen, onChange }: NodePickerProps) {
  const [search, setSearch] = useState('')
  const wanted = search.trim().toLowerCase()
  const shown = nodes.filter(({ nodeId }) => nodeId.toLowerCase().includes(wanted))
  const toggle = (nodeId: string, isChosen: boolean) => {
    const next = new Set(chosen)
    if (isChosen) next.add(nodeId)
    else next.delete(nodeId)
    onChange(next)
  }
  return (
    <fieldset class="node-picker">
      <legend>Nodes</legend>
      <p class="hint">{hint}</p>
      {nodes.length > MANY && (
        <input
          type="search"
          class="input"
          aria-label="Search for nodes"
          placeholder="Search"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <div
        class="node-picker-list"
        style={{ height: `${Math.min(ROWS, Math.max(1, shown.length)) * ROW_HEIGHT + 2}px` }}
      >
        <VirtualList
          items={shown}
          rowHeight={ROW_HEIGHT}
          label="Nodes to choose from"
          keyOf={({ nodeId }) => nodeId}
          render={({ nodeId, state }) => (
            <div class="node-picker-row">
              <Checkbox
                label={nodeId}
                isChecked={chosen.has(nodeId)}
                onChange={(isChosen) => toggle(nodeId, isChosen)}
              />
              <StatusChip state={state} />
            </div>
          )}
        />
      </div>
    </fieldset>
  )
}

/** Nodes that can run again, those that failed first. */
export function pickable(progress: readonly NodeProgressView[]): NodeProgressView[] {
  return [
    ...progress.filter(({ state }) => state === 'failed'),
    ...progress.filter(({ state }) => state === 'completed'),
  ]
}
