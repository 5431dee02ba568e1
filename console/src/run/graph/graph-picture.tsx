/** A graph to look at: of a blueprint, or as a run has left it. */
import { useMemo } from 'preact/hooks'
import type { GraphView, RunView } from '../../../../lib/console/views.ts'
import { GraphCanvas } from './graph-canvas.tsx'
import { looksOf } from './looks.ts'

export interface GraphPictureProps {
  readonly graph: GraphView
  /** Its states are shown, where there is a run. */
  readonly run?: Pick<RunView, 'status' | 'progress'>
  /** For screen readers. @default - 'Graph of' the blueprint */
  readonly label?: string
}

export function GraphPicture({ graph, run, label = `Graph of ${graph.blueprintId}` }: GraphPictureProps) {
  const looks = useMemo(() => looksOf(graph, run), [graph, run])
  return <GraphCanvas graph={graph} looks={looks} label={label} isPlan={run === undefined} />
}
