/** Lays a large graph out beside the page, which stays smooth meanwhile. */
import type { GraphView } from '../../../../lib/console/views.ts'
import { type Direction, layoutOf } from './layout.ts'

interface Request {
  readonly graph: GraphView
  readonly direction: Direction
}

addEventListener('message', ({ data: { graph, direction } }: MessageEvent<Request>) => {
  postMessage(layoutOf(graph, direction))
})
