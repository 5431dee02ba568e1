import { describe, expect, it } from 'vitest'
import type { GraphView } from '../../lib/console/views.ts'
import { overlaps } from '../../console/src/run/graph/geometry.ts'
import { labelOf, layoutOf, LONGEST_NAME, widthOf } from '../../console/src/run/graph/layout.ts'

function graphOf(ids: readonly string[], edges: GraphView['edges']): GraphView {
  return { blueprintId: 'order', nodes: ids.map((id) => ({ id, uses: id })), edges }
}

const diamond = graphOf(
  ['a', 'b', 'c', 'd'],
  [
    { source: 'a', target: 'b', action: 'left' },
    { source: 'a', target: 'c' },
    { source: 'b', target: 'd' },
    { source: 'c', target: 'd' },
  ],
)

const place = (direction: 'TB' | 'LR', id: string) =>
  layoutOf(diamond, direction).nodes.find(({ node }) => node.id === id)

describe('the layout of a graph', () => {
  it('is the same each time, and has no nodes that overlap', () => {
    const layout = layoutOf(diamond)
    expect(layoutOf(structuredClone(diamond))).toEqual(layout)
    for (const [index, one] of layout.nodes.entries())
      for (const other of layout.nodes.slice(index + 1)) expect(overlaps(one, other)).toBe(false)
  })

  it('leads down, or to the right', () => {
    expect(place('TB', 'd')?.y).toBeGreaterThan(place('TB', 'b')?.y ?? Infinity)
    expect(place('LR', 'd')?.x).toBeGreaterThan(place('LR', 'b')?.x ?? Infinity)
  })

  it('draws two edges between two nodes, and one that leads back', () => {
    const { edges } = layoutOf(
      graphOf(
        ['wait', 'refund'],
        [
          { source: 'wait', target: 'refund', action: 'reject' },
          { source: 'wait', target: 'refund', action: 'timeout' },
          { source: 'refund', target: 'wait', action: 'continue' },
          { source: 'wait', target: 'wait', action: 'again' },
        ],
      ),
    )
    expect(edges.map(({ label }) => label?.text)).toEqual(['reject', 'timeout', 'continue', 'again'])
    expect(new Set(edges.map(({ line }) => line)).size).toBe(4)
    for (const { line, head } of edges) expect(`${line}${head}`).not.toMatch(/NaN|undefined/)
  })

  it('leaves out edges of nodes that are not there, and takes a graph without nodes', () => {
    const { edges, nodes } = layoutOf(graphOf(['a'], [{ source: 'a', target: 'gone' }]))
    expect({ edges: edges.length, nodes: nodes.length }).toEqual({ edges: 0, nodes: 1 })
    expect(layoutOf(graphOf([], []))).toEqual({ nodes: [], edges: [], width: 0, height: 0 })
  })

  it('contains its nodes and the lines between them', () => {
    const { nodes, width, height } = layoutOf(diamond)
    for (const node of nodes) {
      expect(node.x).toBeGreaterThanOrEqual(0)
      expect(node.y).toBeGreaterThanOrEqual(0)
      expect(node.x + node.width).toBeLessThanOrEqual(width)
      expect(node.y + node.height).toBeLessThanOrEqual(height)
    }
  })

  it('has room for a name, up to where it is cut', () => {
    expect(widthOf('x'.repeat(24))).toBeGreaterThan(widthOf('x'))
    expect(widthOf('x'.repeat(200))).toBe(widthOf('x'.repeat(LONGEST_NAME)))
  })

  it('has a condition for a label where there is no action, cut where it is long', () => {
    expect(labelOf({ source: 'a', target: 'b', action: 'yes', condition: 'x > 1' })).toBe('yes')
    expect(labelOf({ source: 'a', target: 'b', condition: `result.output.${'x'.repeat(40)}` })).toMatch(/…$/)
    expect(labelOf({ source: 'a', target: 'b' })).toBeUndefined()
  })
})
