/** The graph of a run as an SVG file that any viewer shows: it looks as the page does, and needs no style sheet. */
import { render } from 'preact'
import type { GraphView } from '../../../../lib/console/views.ts'
import { EdgeLine } from '../graph/edge-line.tsx'
import { type Layout, layoutOf } from '../graph/layout.ts'
import type { RunLooks } from '../graph/looks.ts'
import { NodeBox } from '../graph/node-box.tsx'

/** What of an element's looks goes with it. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
] as const
const TEXT_STYLES = ['font-family', 'font-size', 'font-weight', 'text-anchor'] as const

export function svgFile(graph: GraphView, looks: RunLooks): string {
  const layout = layoutOf(graph)
  const aside = document.createElement('div')
  aside.className = 'graph run-picture'
  document.body.append(aside)
  try {
    render(<WholeGraph layout={layout} looks={looks} />, aside)
    const svg = aside.querySelector('svg')
    return svg ? written(svg, getComputedStyle(aside).backgroundColor) : ''
  } finally {
    render(null, aside)
    aside.remove()
  }
}

function WholeGraph({ layout, looks }: { readonly layout: Layout; readonly looks: RunLooks }) {
  const { width, height } = layout
  return (
    <svg
      class="graph-svg"
      xmlns="http://www.w3.org/2000/svg"
      {...{ width, height }}
      viewBox={`0 0 ${width} ${height}`}
    >
      {layout.edges.map((placed) => (
        <EdgeLine key={placed.index} placed={placed} isTaken={looks.taken.has(placed.index)} hasNames />
      ))}
      {layout.nodes.map((placed) => {
        const look = looks.nodes.get(placed.node.id)
        if (!look) return null
        // A file does not tick.
        const { until: _, ...still } = look
        return (
          <NodeBox
            key={placed.node.id}
            placed={placed}
            look={still}
            isButton={false}
            isSelected={false}
            isTabStop={false}
            hasNames
          />
        )
      })}
    </svg>
  )
}

function written(svg: SVGSVGElement, ground: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement
  const drawn = [...svg.querySelectorAll('*')]
  const copies = [...copy.querySelectorAll('*')]
  for (const [index, element] of drawn.entries()) {
    const twin = copies[index]
    if (twin) inline(element, twin)
  }
  copy.prepend(back(svg, ground))
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`
}

function inline(element: Element, twin: Element): void {
  const style = getComputedStyle(element)
  if (style.display === 'none' && element.localName !== 'title') {
    twin.remove()
    return
  }
  for (const name of twin.getAttributeNames()) {
    if (name === 'class' || name === 'role' || name.startsWith('data-') || name.startsWith('aria-'))
      twin.removeAttribute(name)
  }
  if (element.localName === 'g' || element.localName === 'title') return
  const isText = element.localName === 'text' || element.localName === 'tspan'
  for (const name of isText ? [...STYLES, ...TEXT_STYLES] : STYLES)
    twin.setAttribute(name, style.getPropertyValue(name))
}

function back(svg: SVGSVGElement, ground: string): Element {
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  rect.setAttribute('width', svg.getAttribute('width') ?? '0')
  rect.setAttribute('height', svg.getAttribute('height') ?? '0')
  rect.setAttribute('fill', ground)
  return rect
}
