/** Where the nodes and edges of a graph are drawn. The same graph is always drawn alike. */
import * as dagre from '@dagrejs/dagre'
import type { GraphEdge, GraphNode, GraphView } from '../../../../lib/console/views.ts'
import { arrowHead, type Box, boxAround, type Point, smoothPath } from './geometry.ts'

/** From top to bottom, or from left to right. */
export type Direction = 'TB' | 'LR'

export interface PlacedNode extends Box {
  readonly node: GraphNode
}

export interface PlacedEdge {
  /** Index among the edges of the graph. */
  readonly index: number
  readonly edge: GraphEdge
  /** SVG paths of the line and of its head. */
  readonly line: string
  readonly head: string
  readonly label?: Point & { readonly text: string }
  readonly box: Box
}

export interface Layout {
  readonly nodes: readonly PlacedNode[]
  readonly edges: readonly PlacedEdge[]
  readonly width: number
  readonly height: number
}

const NODE_HEIGHT = 46
/** Width of a character of a node's name, which is drawn in a font of one width. */
const CHARACTER = 7.25
const SHORTEST = 18
/** Longer names are cut. */
export const LONGEST_NAME = 26
/** Beside the name: icon and margins. */
const BESIDE_NAME = 46
const LABEL_CHARACTER = 6.2
const LONGEST_LABEL = 24
const MARGIN = 16
/** From here on the faster of dagre's rankers is taken, which draws a little less compact. */
const MANY = 300

export function widthOf(id: string): number {
  const characters = Math.min(LONGEST_NAME, Math.max(SHORTEST, id.length))
  return Math.round(characters * CHARACTER) + BESIDE_NAME
}

/** What stands beside an edge. */
export function labelOf({ action, condition }: GraphEdge): string | undefined {
  const text = action ?? condition
  return text === undefined ? undefined : shortened(text, LONGEST_LABEL)
}

export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** Edges from or to nodes that are not there are left out. */
export function layoutOf(graph: GraphView, direction: Direction = 'TB'): Layout {
  const drawn = new dagre.Graph({ multigraph: true })
  const ranker = graph.nodes.length > MANY ? 'tight-tree' : 'network-simplex'
  drawn.setGraph({
    rankdir: direction,
    ranker,
    nodesep: 28,
    ranksep: 40,
    edgesep: 14,
    marginx: MARGIN,
    marginy: MARGIN,
  })
  for (const { id } of graph.nodes) drawn.setNode(id, { width: widthOf(id), height: NODE_HEIGHT })
  const edges = [...graph.edges.entries()].filter(([, { source, target }]) => {
    return drawn.hasNode(source) && drawn.hasNode(target)
  })
  for (const [index, edge] of edges) drawn.setEdge(edge.source, edge.target, sizeOfLabel(edge), String(index))
  if (graph.nodes.length === 0) return { nodes: [], edges: [], width: 0, height: 0 }
  dagre.layout(drawn)
  const { width = 0, height = 0 } = drawn.graph() as { width?: number; height?: number }
  return {
    nodes: graph.nodes.map((node) => placed(node, drawn.node(node.id) as Box)),
    edges: edges.map(([index, edge]) => {
      const { source: v, target: w } = edge
      return routed(index, edge, drawn.edge({ v, w, name: String(index) }) as Route)
    }),
    width,
    height,
  }
}

interface Route {
  readonly points: readonly Point[]
  /** Centre of the label. */
  readonly x?: number
  readonly y?: number
}

function sizeOfLabel(edge: GraphEdge): Record<string, unknown> {
  const text = labelOf(edge)
  if (text === undefined) return {}
  return { width: Math.round(text.length * LABEL_CHARACTER) + 10, height: 16, labelpos: 'c' }
}

/** dagre says where the centre is. */
function placed(node: GraphNode, { x, y, width, height }: Box): PlacedNode {
  return { node, x: x - width / 2, y: y - height / 2, width, height }
}

function routed(index: number, edge: GraphEdge, { points, x, y }: Route): PlacedEdge {
  const text = labelOf(edge)
  const label = text !== undefined && x !== undefined && y !== undefined ? { text, x, y } : undefined
  const corners = label
    ? [...points, { x: label.x - 60, y: label.y }, { x: label.x + 60, y: label.y }]
    : points
  return {
    index,
    edge,
    line: smoothPath(points),
    head: arrowHead(points),
    ...(label ? { label } : {}),
    box: boxAround(corners, 4),
  }
}
