/** Points, boxes and lines of a picture. Pure, and without a document. */

export interface Point {
  readonly x: number
  readonly y: number
}

/** `x` and `y` are its upper left corner. */
export interface Box extends Point {
  readonly width: number
  readonly height: number
}

export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/** The smallest box around points. */
export function boxAround(points: readonly Point[], margin = 0): Box {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const [x, y] = [Math.min(...xs) - margin, Math.min(...ys) - margin]
  return { x, y, width: Math.max(...xs) + margin - x, height: Math.max(...ys) + margin - y }
}

export function centreOf({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 }
}

/** A line through points, its corners rounded, as an SVG path. */
export function smoothPath(points: readonly Point[]): string {
  const [first, ...rest] = points
  const last = rest.at(-1)
  if (!first || !last) return ''
  const bends = rest.slice(0, -1).map((bend, index) => {
    const next = rest[index + 1] ?? last
    const to = index === rest.length - 2 ? next : middle(bend, next)
    return `Q${at(bend)} ${at(to)}`
  })
  if (bends.length === 0) return `M${at(first)}L${at(last)}`
  return `M${at(first)}${bends.join('')}`
}

/** The head of an arrow whose tip is the last of the points, as an SVG path. */
export function arrowHead(points: readonly Point[], size = 7): string {
  const tip = points.at(-1)
  const before = points.at(-2)
  if (!tip || !before) return ''
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x)
  const wing = (turn: number): Point => ({
    x: tip.x - size * Math.cos(angle + turn),
    y: tip.y - size * Math.sin(angle + turn),
  })
  return `M${at(tip)}L${at(wing(0.45))}L${at(wing(-0.45))}Z`
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
}

function at({ x, y }: Point): string {
  return `${round(x)},${round(y)}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
