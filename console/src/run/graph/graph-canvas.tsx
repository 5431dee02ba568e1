/** The graph of a run or of a blueprint, which can be moved and made larger; only what is in view is drawn. */
import { useComputed } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { GraphView } from '../../../../lib/console/views.ts'
import { Loading } from '../../ui/empty.tsx'
import { ChildLink } from './child-link.tsx'
import { EdgeLine } from './edge-line.tsx'
import { type Box, overlaps, type Point } from './geometry.ts'
import { GraphTools } from './graph-tools.tsx'
import type { Direction, Layout, PlacedNode } from './layout.ts'
import type { NodeLook, RunLooks } from './looks.ts'
import { NodeBox } from './node-box.tsx'
import { useLayout } from './use-layout.ts'
import { type PictureView, useView } from './use-view.ts'
import { drawnPart, nearest, NAMES_FROM } from './viewport.ts'
import './graph.css'

export interface GraphCanvasProps {
  readonly graph: GraphView
  readonly looks: RunLooks
  /** For screen readers, such as 'Graph of order'. */
  readonly label: string
  readonly selected?: string
  /** No run has taken any of its edges. */
  readonly isPlan?: boolean
  /** Without it nodes are pictures and no buttons. */
  readonly onSelect?: (nodeId: string | undefined) => void
}

const UNKNOWN: NodeLook = { state: 'notRun', name: '', detail: '' }
const DIRECTIONS: Readonly<Record<string, Point>> = {
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
}
/** So many nodes are drawn wherever they are. */
const SMALL = 200
const STEP = 80
const ZOOM = 1.3

export function GraphCanvas({ graph, looks, label, selected, isPlan, onSelect }: GraphCanvasProps) {
  const [direction, setDirection] = useState<Direction>('TB')
  const layout = useLayout(graph, direction)
  const places = useMemo(() => new Map(layout?.nodes.map((placed) => [placed.node.id, placed])), [layout])
  const interest = places.get(selected ?? interesting(graph, looks) ?? '')
  const picture = useView(layout, interest)
  const [tabStop, setTabStop] = useTabStop(graph, selected, places, picture)

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const node = nodeAt(event.target)
    const towards = DIRECTIONS[event.key]
    const from = node === undefined ? undefined : places.get(node)
    if (towards && from && layout)
      setTabStop(nearest(from, layout.nodes, towards)?.node.id ?? from.node.id, true)
    else if (towards) picture.move({ x: -towards.x * STEP, y: -towards.y * STEP })
    else if (event.key === '+' || event.key === '=') picture.zoom(ZOOM)
    else if (event.key === '-') picture.zoom(1 / ZOOM)
    else if (event.key === '0') picture.fit()
    else if (node !== undefined && (event.key === 'Enter' || event.key === ' ')) onSelect?.(node)
    else if (event.key === 'Escape' && selected !== undefined) onSelect?.(undefined)
    else return
    event.preventDefault()
  }
  const onClick = (event: MouseEvent) => {
    if (!onSelect || picture.hasDragged()) return
    const node = nodeAt(event.target)
    if (node !== undefined) setTabStop(node, false)
    onSelect(node)
  }
  return (
    <div
      class={isPlan ? 'graph plan' : 'graph'}
      ref={picture.frame}
      role="group"
      aria-label={label}
      tabIndex={onSelect ? -1 : 0}
      onKeyDown={onKeyDown}
    >
      {layout ? (
        <Drawing
          {...{ layout, looks, picture, selected, tabStop, onClick, isButton: onSelect !== undefined }}
        />
      ) : (
        <Loading what={`Laying out ${graph.nodes.length} nodes`} />
      )}
      <GraphTools
        onZoom={(larger) => picture.zoom(larger ? ZOOM : 1 / ZOOM)}
        onFit={picture.fit}
        direction={direction}
        onDirection={setDirection}
      />
    </div>
  )
}

interface DrawingProps {
  readonly layout: Layout
  readonly looks: RunLooks
  readonly picture: PictureView
  readonly selected: string | undefined
  readonly tabStop: string | undefined
  readonly isButton: boolean
  readonly onClick: (event: MouseEvent) => void
}

/** Moving it changes one attribute; what is drawn changes only when other parts come into view. */
function Drawing({ layout, looks, picture, selected, tabStop, isButton, onClick }: DrawingProps) {
  const { view, size } = picture
  const transform = useComputed(() => `translate(${view.value.x},${view.value.y}) scale(${view.value.scale})`)
  const part = useComputed(() => JSON.stringify(drawnPart(view.value, size.value)))
  const hasNames = useComputed(() => view.value.scale >= NAMES_FROM).value
  const drawn = useMemo(() => partOf(layout, JSON.parse(part.value) as Box), [layout, part.value])
  const kept = layout.nodes.filter(({ node: { id } }) => id === tabStop && !drawn.nodes.has(id))
  return (
    <svg class="graph-svg" width="100%" height="100%" onClick={onClick} role="presentation">
      <g transform={transform} data-scale={hasNames ? 'readable' : 'small'}>
        {drawn.edges.map((placed) => (
          <EdgeLine key={placed.index} {...{ placed, hasNames, isTaken: looks.taken.has(placed.index) }} />
        ))}
        {[...drawn.nodes.values(), ...kept].map((placed) => (
          <NodeBox
            key={placed.node.id}
            placed={placed}
            look={looks.nodes.get(placed.node.id) ?? UNKNOWN}
            isButton={isButton}
            isSelected={placed.node.id === selected}
            isTabStop={placed.node.id === tabStop}
            hasNames={hasNames}
          />
        ))}
        {hasNames &&
          [...drawn.nodes.values()].map((placed) => (
            <ChildLink
              key={placed.node.id}
              placed={placed}
              runId={looks.nodes.get(placed.node.id)?.childRunId}
            />
          ))}
      </g>
    </svg>
  )
}

function partOf({ nodes, edges }: Layout, part: Box) {
  const isSmall = nodes.length <= SMALL
  const inPart = isSmall ? nodes : nodes.filter((placed) => overlaps(placed, part))
  return {
    nodes: new Map(inPart.map((placed) => [placed.node.id, placed])),
    edges: isSmall ? edges : edges.filter(({ box }) => overlaps(box, part)),
  }
}

/** Where to look first. */
function interesting({ nodes }: GraphView, looks: RunLooks): string | undefined {
  const first = (state: string) => nodes.find(({ id }) => looks.nodes.get(id)?.state === state)?.id
  return first('failed') ?? first('active') ?? first('waiting')
}

function nodeAt(target: EventTarget | null): string | undefined {
  const node = target instanceof Element ? target.closest('[data-node]') : null
  return node?.getAttribute('data-node') ?? undefined
}

/** The node that Tab leads to: the selected one, else the one to which the arrows led, else the first. */
function useTabStop(
  graph: GraphView,
  selected: string | undefined,
  places: ReadonlyMap<string, PlacedNode>,
  { frame, show }: PictureView,
) {
  const [stop, setStop] = useState<string>()
  const isWanted = useRef(false)
  useEffect(() => {
    if (selected === undefined) return
    setStop(selected)
    const placed = places.get(selected)
    if (placed) show(placed)
  }, [selected, places])
  useEffect(() => {
    const placed = stop === undefined ? undefined : places.get(stop)
    if (!isWanted.current || !placed) return
    isWanted.current = false
    show(placed)
    frame.current?.querySelector<SVGElement>('[data-node][tabindex="0"]')?.focus({ preventScroll: true })
  }, [stop])
  const current = stop !== undefined && places.has(stop) ? stop : graph.nodes[0]?.id
  const go = (nodeId: string, focuses: boolean) => {
    isWanted.current = focuses
    setStop(nodeId)
  }
  return [current, go] as const
}
