/** All of one node: how it stands, what went in and came out, what was wrong, its tries, its log lines. */
import { useEffect, useRef } from 'preact/hooks'
import type { NodeProgressView, RunView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { IconButton } from '../../ui/button.tsx'
import { Loading } from '../../ui/empty.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { StatusChip } from '../../ui/status-chip.tsx'
import { useData } from '../../ui/use-data.ts'
import type { Facts } from '../facts.ts'
import type { RunModel } from '../run-model.ts'
import { NodeActs } from './node-acts.tsx'
import { NodeErrors } from './node-errors.tsx'
import { NodeLogs } from './node-logs.tsx'
import { NodeSettings } from './node-settings.tsx'
import { NodeStanding } from './node-standing.tsx'
import { NodeTries } from './node-tries.tsx'
import { NodeValue } from './node-value.tsx'

export interface NodePaneProps {
  readonly model: RunModel
  readonly run: RunView
  readonly facts: Facts
  readonly nodeId: string
  readonly onClose: () => void
}

export function NodePane({ model, run, facts, nodeId, onClose }: NodePaneProps) {
  const { runId } = run
  const progress = run.progress.find((one) => one.nodeId === nodeId)
  const node = model.graph.value?.nodes.find(({ id }) => id === nodeId)
  const { value, problem, isLoading, reload } = useData(`${runId} ${nodeId}`, (signal) =>
    api.node(runId, nodeId, signal),
  )
  useReload(progress, run.redrives, reload)
  if (!progress && !node && !isLoading && problem) return <ProblemBox problem={problem} onRetry={reload} />
  return (
    <section class="node-pane" aria-label={`Node ${nodeId}`} data-node-pane={nodeId}>
      <header class="node-head">
        <h2>{nodeId}</h2>
        {progress && <StatusChip state={progress.state} />}
        <IconButton icon="cross" label="Close the node" onClick={onClose} />
      </header>
      {progress && <NodeStanding run={run} progress={progress} facts={facts.get(nodeId)} />}
      {progress && <NodeActs model={model} run={run} progress={progress} />}
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {value && <NodeErrors errors={value.errors} more={value.moreErrors} />}
      {value ? (
        <>
          <NodeValue name="Output" runId={runId} valueKey={`_outputs.${nodeId}`} value={value.output} />
          <NodeValue name="Input" runId={runId} valueKey={`_inputs.${nodeId}`} value={value.input} />
        </>
      ) : (
        !problem && <Loading what="Reading the node" />
      )}
      <NodeTries facts={facts.get(nodeId)} />
      {node && <NodeSettings node={node} />}
      <NodeLogs runId={runId} nodeId={nodeId} />
    </section>
  )
}

/** Its values are read again when it goes on. */
function useReload(
  progress: NodeProgressView | undefined,
  redrives: number | undefined,
  reload: () => void,
): void {
  const { state, iteration, items } = progress ?? {}
  const seen = JSON.stringify([state, iteration, redrives, items?.done === items?.total])
  const before = useRef(seen)
  useEffect(() => {
    if (before.current === seen) return
    before.current = seen
    reload()
  }, [seen, reload])
}
