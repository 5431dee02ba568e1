/** The screen of one run: its graph, its timeline under it, and beside them what a node or the run has in it. */
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { navigate } from '../router.ts'
import { Empty, Loading } from '../ui/empty.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { ActDialog } from './acts/act-dialog.tsx'
import { withFailedBatches } from './failed-batches.ts'
import { factsOf } from './facts.ts'
import { GraphCanvas } from './graph/graph-canvas.tsx'
import { looksOf, type RunLooks, steady } from './graph/looks.ts'
import { RunHeader } from './header/run-header.tsx'
import { RunModel } from './run-model.ts'
import { SidePane } from './side-pane.tsx'
import { BelowPane } from './below-pane.tsx'
import './tabs.css'
import './run.css'
import './pane.css'
import './acts/acts.css'
import './timeline/timeline.css'

export interface RunScreenProps {
  readonly runId: string
  /** The node that is selected. */
  readonly nodeId?: string
}

export function RunScreen({ runId, nodeId }: RunScreenProps) {
  const model = useMemo(() => new RunModel(runId), [runId])
  useEffect(() => {
    void model.start()
    return () => model.stop()
  }, [model])
  const run = model.run.value
  if (!run) {
    const problem = model.problem.value
    return problem ? (
      <Page title={model.runId}>
        <ProblemBox problem={problem} onRetry={() => void model.start()} />
      </Page>
    ) : (
      <Loading what="Reading the run" />
    )
  }
  return <Shown model={model} nodeId={nodeId} />
}

function Shown({ model, nodeId }: { readonly model: RunModel; readonly nodeId: string | undefined }) {
  const told = model.run.value
  const history = model.history.value
  const graph = model.graph.value
  const facts = useMemo(() => factsOf(history?.entries ?? []), [history])
  const run = useMemo(() => told && withFailedBatches(told, facts), [told, facts])
  const made = useMemo(() => graph && run && looksOf(graph, run, facts), [graph, run, facts])
  const before = useRef<RunLooks | undefined>(undefined)
  const looks = useMemo(() => made && steady(before.current, made), [made])
  before.current = looks
  useTitle(run && `${run.runId} ${run.status}`)
  if (!run) return null
  const select = (id: string | undefined) => {
    // Each node has its address, and the way back leads out of the run at once.
    navigate(
      { screen: 'run', runId: model.runId, ...(id === undefined ? {} : { nodeId: id }) },
      { replace: true },
    )
  }
  const selection = { selected: nodeId, onSelect: select }
  return (
    <section class="run" aria-label={`Run ${run.runId}`}>
      <RunHeader model={model} run={run} />
      <div class="run-body">
        <div class="run-graph">
          {graph && looks ? (
            <GraphCanvas graph={graph} looks={looks} label={`Graph of ${run.blueprintId}`} {...selection} />
          ) : (
            <NoGraph model={model} />
          )}
        </div>
        <SidePane {...{ model, run, facts, ...selection }} />
        <BelowPane {...{ model, run, ...selection }} />
      </div>
      <ActDialog model={model} run={run} />
    </section>
  )
}

/** So that tabs of the browser tell their runs apart. */
function useTitle(title: string | undefined): void {
  useEffect(() => {
    const before = document.title
    if (title !== undefined) document.title = title
    return () => {
      document.title = before
    }
  }, [title])
}

function NoGraph({ model }: { readonly model: RunModel }) {
  const problem = model.graphProblem.value
  if (problem) return <ProblemBox problem={problem} onRetry={() => void model.start()} />
  return (
    <Empty title="No worker has begun this run yet.">
      Its graph is the one that the workers have, and comes with the first of them.
    </Empty>
  )
}
