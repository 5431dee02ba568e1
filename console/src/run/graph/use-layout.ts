/** The layout of a graph, made once for each graph and direction, however often it is shown. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { GraphView } from '../../../../lib/console/views.ts'
import { type Direction, type Layout, layoutOf } from './layout.ts'

/** From so many nodes on it takes so long that the page would stand still. */
const MANY = 120
const KEPT = 12

const known = new Map<string, Layout | Promise<Layout>>()

/** Undefined while it is being made. */
export function useLayout(graph: GraphView, direction: Direction): Layout | undefined {
  const key = useMemo(() => keyOf(graph, direction), [graph, direction])
  const [, setReady] = useState('')
  const layout = (known.get(key) ?? begin(key, graph, direction)) as Layout | Promise<Layout>
  const isPending = layout instanceof Promise
  useEffect(() => {
    if (!isPending) return undefined
    let isShown = true
    void layout.then(() => isShown && setReady(key))
    return () => {
      isShown = false
    }
  }, [key, isPending])
  return isPending ? undefined : layout
}

function keyOf({ nodes, edges }: GraphView, direction: Direction): string {
  const lines = edges.map(({ source, target, action, condition }) => [source, target, action, condition])
  return JSON.stringify([direction, nodes.map(({ id }) => id), lines])
}

function begin(key: string, graph: GraphView, direction: Direction): Layout | Promise<Layout> {
  const layout = graph.nodes.length < MANY ? layoutOf(graph, direction) : laidOutAside(graph, direction)
  known.set(key, layout)
  if (layout instanceof Promise) void layout.then((made) => known.set(key, made))
  const [oldest] = known.keys()
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest)
  return layout
}

function laidOutAside(graph: GraphView, direction: Direction): Promise<Layout> {
  return new Promise<Layout>((resolve) => {
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' })
    const done = (layout: Layout) => {
      worker.terminate()
      resolve(layout)
    }
    worker.addEventListener('message', ({ data }: MessageEvent<Layout>) => done(data))
    // Where the browser has no workers for this page it stands still for some seconds instead.
    worker.addEventListener('error', () => done(layoutOf(graph, direction)))
    worker.postMessage({ graph, direction }, [])
  })
}
