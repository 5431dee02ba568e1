/** Growth curves as a picture: SVG that is read on light and on dark ground alike. Pure. */
import type { Row } from './rows.ts'
import { shapeOf } from './shapes.ts'

interface Series {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

export interface Chart {
  readonly title: string
  /** Below the axis, which is logarithmic. */
  readonly xTitle: string
  readonly series: readonly Series[]
}

const WIDTH = 560
const HEIGHT = 300
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 96, 40, 44]
/** Each is at least 3:1 on white and on the black of GitHub. */
const COLOURS = ['#3b82d6', '#d2691e', '#2f9e5b', '#a35bc8', '#b58900']
const GREY = '#7d8590'
const FONT = 'font-family="system-ui, sans-serif" font-size="12"'

export function svgOf({ title, xTitle, series }: Chart): string {
  const points = series.flatMap((one) => one.points)
  const xs = points.map(({ x }) => Math.log10(x))
  const least = Math.floor(Math.min(...xs))
  const most = Math.max(...xs, least + 1)
  const step = stepFor(Math.max(...points.map(({ y }) => y)))
  const top = step * Math.max(1, Math.ceil(Math.max(...points.map(({ y }) => y)) / step))
  const atX = (x: number) => round(LEFT + ((Math.log10(x) - least) / (most - least)) * (WIDTH - LEFT - RIGHT))
  const atY = (y: number) => round(HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM))
  const powers = Array.from({ length: Math.floor(most - least) + 1 }, (_, at) => 10 ** (least + at))
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => at * step)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}" ${FONT} fill="${GREY}">`,
    `<text x="${LEFT}" y="20" font-size="14">${escaped(title)}</text>`,
    ...lines.map(
      (y) =>
        `<path d="M${LEFT} ${atY(y)}H${WIDTH - RIGHT}" stroke="${GREY}" stroke-opacity="0.3"/><text x="${LEFT - 8}" y="${atY(y) + 4}" text-anchor="end">${tidy(y)}</text>`,
    ),
    ...powers.map(
      (x) =>
        `<text x="${atX(x)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${x.toLocaleString('en')}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(xTitle)}</text>`,
    ...series.flatMap((one, at) => drawn(one, COLOURS[at % COLOURS.length] ?? GREY, atX, atY)),
    ...namesOf(series, atX, atY),
    '</svg>',
    '',
  ].join('\n')
}

function drawn({ points }: Series, colour: string, atX: (x: number) => number, atY: (y: number) => number) {
  const way = points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${atX(x)} ${atY(y)}`).join('')
  return [
    `<path d="${way}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(({ x, y }) => `<circle cx="${atX(x)}" cy="${atY(y)}" r="3" fill="${colour}"/>`),
  ]
}

const LINE = 14

/** At the right end of each line, moved apart where two would lie on one another. */
function namesOf(
  series: readonly Series[],
  atX: (x: number) => number,
  atY: (y: number) => number,
): string[] {
  const ends = series
    .map(({ name, points }, at) => ({ name, end: points.at(-1), colour: COLOURS[at % COLOURS.length] }))
    .flatMap(({ name, end, colour }) => (end ? [{ name, colour, x: atX(end.x) + 8, y: atY(end.y) + 4 }] : []))
    .toSorted((a, b) => b.y - a.y)
  let below = Infinity
  return ends.map(({ name, colour, x, y }) => {
    below = Math.min(y, below - LINE)
    return `<text x="${x}" y="${round(below)}" fill="${colour}">${escaped(name)}</text>`
  })
}

/** 1, 2 or 5 of some power of ten, so that there are three to seven lines. */
function stepFor(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-6)))
  return [power / 5, power / 2, power, power * 2].find((step) => most / step <= 6) ?? power
}

function tidy(value: number): string {
  return String(Number(value.toPrecision(6)))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

const CURVES = ['chain', 'fan', 'lanes', 'batch']

/** How a figure of a node grows with its run; kinds with one size make no curve. */
export function growthOf(rows: readonly Row[], title: string, figure: (row: Row) => number): Chart {
  const series = CURVES.map((kind) => ({
    name: kind,
    points: rows
      .filter((row) => row.variant === 'tiny' && row.workers === '5x10' && shapeOf(row.shape).kind === kind)
      .map((row) => ({ x: row.nodes, y: figure(row) }))
      .toSorted((a, b) => a.x - b.x),
  }))
  return { title, xTitle: 'nodes of the run', series: series.filter(({ points }) => points.length > 1) }
}
