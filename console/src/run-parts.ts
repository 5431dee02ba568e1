/** interim: found where they are */
import type { ComponentType } from 'preact'
import type { GraphView } from '../../lib/console/views.ts'
const screens = import.meta.glob<{ RunScreen: ComponentType<{ runId: string; nodeId?: string }> }>(
  './run/run-screen.tsx',
  { eager: true },
)
const graphs = import.meta.glob<{ GraphPicture: ComponentType<{ graph: GraphView }> }>(
  './run/graph/graph-picture.tsx',
  { eager: true },
)
export const RunScreen = Object.values(screens)[0]?.RunScreen ?? (() => null)
export const GraphPicture = Object.values(graphs)[0]?.GraphPicture ?? (() => null)
