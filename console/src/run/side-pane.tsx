/** Beside the graph: what a node has in it, the run's context, what was done to the run. */
import { useEffect, useState } from 'preact/hooks'
import type { RunView } from '../../../lib/console/views.ts'
import { ContextPanel } from './context/context-panel.tsx'
import type { Facts } from './facts.ts'
import { NodePane } from './node/node-pane.tsx'
import type { RunModel } from './run-model.ts'
import { RunSummary } from './summary/run-summary.tsx'
import { Tabs } from './tabs.tsx'

export interface SidePaneProps {
  readonly model: RunModel
  readonly run: RunView
  readonly facts: Facts
  readonly selected: string | undefined
  readonly onSelect: (nodeId: string | undefined) => void
}

type Tab = 'run' | 'node' | 'context'

export function SidePane({ model, run, facts, selected, onSelect }: SidePaneProps) {
  const [chosen, setTab] = useState<Tab>(selected === undefined ? 'run' : 'node')
  useEffect(() => {
    if (selected !== undefined) setTab('node')
  }, [selected])
  const tab = chosen === 'node' && selected === undefined ? 'run' : chosen
  const tabs = [
    { id: 'run', text: 'Run' },
    ...(selected === undefined ? [] : [{ id: 'node', text: 'Node' }]),
    { id: 'context', text: 'Context' },
  ] as const
  return (
    <aside class="run-side" aria-label="Details">
      <Tabs label="Details" tabs={tabs} current={tab} onPick={(id) => setTab(id as Tab)}>
        {tab === 'run' && <RunSummary run={run} facts={facts} onSelect={onSelect} />}
        {tab === 'node' && selected !== undefined && (
          <NodePane
            key={selected}
            {...{ model, run, facts }}
            nodeId={selected}
            onClose={() => onSelect(undefined)}
          />
        )}
        {tab === 'context' && <ContextPanel model={model} run={run} />}
      </Tabs>
    </aside>
  )
}
