/** Where on the line a time is. Long stretches in which nothing ran can be folded: seconds of work between days of waiting. */

export interface Scale {
  /** Pixels from the left. */
  readonly at: (time: number) => number
  readonly width: number
  readonly ticks: readonly Tick[]
  /** Stretches that are drawn shorter than they were. */
  readonly folds: readonly Fold[]
}

interface Tick {
  readonly at: number
  /** Milliseconds since the run began. */
  readonly elapsed: number
}

interface Fold {
  readonly at: number
  readonly width: number
  /** Milliseconds. */
  readonly lasted: number
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly left: number
  readonly width: number
  readonly isFolded: boolean
}

export interface ScaleOptions {
  readonly from: number
  readonly to: number
  readonly width: number
  /** Times in which something ran. Given, all else that is long is folded. */
  readonly busy?: readonly { readonly from: number; readonly to: number }[]
}

const FOLD_WIDTH = 34
/** Pixels between two ticks, at least. */
const TICK_DISTANCE = 84
const WORTH_FOLDING_MS = 20_000
/** Its text is to end before the stretch does. */
const TICK_ROOM = 44
/** A stretch is folded where it is so much of the whole, at least. */
const LONG = 0.15

export function scaleOf(options: ScaleOptions): Scale {
  const { from, width } = options
  const to = Math.max(options.to, from + 1)
  const stretches = stretchesOf({ ...options, to })
  const at = (time: number): number => {
    const inside = Math.min(to, Math.max(from, time))
    const stretch = stretches.find((one) => inside <= one.to) ?? stretches.at(-1)
    if (!stretch) return 0
    return (
      stretch.left + ((inside - stretch.from) / Math.max(1e-9, stretch.to - stretch.from)) * stretch.width
    )
  }
  return {
    at,
    width,
    ticks: stretches.flatMap((stretch) => (stretch.isFolded ? [] : ticksIn(stretch, from))),
    folds: stretches.flatMap(({ isFolded, left, width: wide, from: begin, to: end }) => {
      return isFolded ? [{ at: left, width: wide, lasted: end - begin }] : []
    }),
  }
}

/** Whether folding is worth it: most of the time nothing ran, and that was long. */
export function isMostlyIdle({ from, to, busy = [] }: Omit<ScaleOptions, 'width'>): boolean {
  const idle = idleIn({ from, to, busy })
  const sum = idle.reduce((total, one) => total + one.to - one.from, 0)
  return sum > WORTH_FOLDING_MS && sum > 0.6 * (to - from)
}

function stretchesOf({ from, to, width, busy }: ScaleOptions): Stretch[] {
  const folded = busy ? idleIn({ from, to, busy }) : []
  const bounds = [from, ...folded.flatMap((one) => [one.from, one.to]), to]
  const foldWidth = Math.min(FOLD_WIDTH, width / (2 * Math.max(1, folded.length)))
  const open = to - from - folded.reduce((sum, one) => sum + one.to - one.from, 0)
  const room = width - foldWidth * folded.length
  let left = 0
  return bounds.slice(0, -1).flatMap((begin, index): Stretch[] => {
    const end = bounds[index + 1] ?? to
    const isFolded = index % 2 === 1
    const wide = isFolded ? foldWidth : ((end - begin) / Math.max(1e-9, open)) * room
    if (wide <= 0) return []
    const stretch = { from: begin, to: end, left, width: wide, isFolded }
    left += wide
    return [stretch]
  })
}

/** Long stretches without a busy time, with a little of them left at both ends so that what touches them is seen. */
function idleIn({
  from,
  to,
  busy,
}: {
  from: number
  to: number
  busy: readonly { from: number; to: number }[]
}) {
  const gaps: { from: number; to: number }[] = []
  let free = from
  for (const one of busy.toSorted((a, b) => a.from - b.from)) {
    if (one.from > free) gaps.push({ from: free, to: Math.min(one.from, to) })
    free = Math.max(free, one.to)
  }
  if (free < to) gaps.push({ from: free, to })
  const all = to - from
  const worked = Math.max(1, all - gaps.reduce((sum, one) => sum + one.to - one.from, 0))
  const edge = Math.min(all * 0.01, worked * 0.05)
  return gaps
    .filter((one) => one.to - one.from > Math.max(LONG * all, 4 * edge))
    .map((one) => ({ from: one.from + edge, to: one.to - edge }))
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Milliseconds that people count in. */
const NICE = [
  ...STEPS,
  ...[1, 2, 5, 10, 20, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
  ...[1, 2, 4, 8, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((count) => count * DAY),
]

function ticksIn({ from, to, left, width }: Stretch, begin: number): Tick[] {
  const perPixel = (to - from) / width
  const step = NICE.find((one) => one / perPixel >= TICK_DISTANCE) ?? 200 * DAY
  const first = Math.ceil((from - begin) / step) * step
  const count = Math.max(0, Math.floor((to - begin - first) / step) + 1)
  const ticks = Array.from({ length: count }, (_, index) => first + index * step).map((elapsed) => ({
    at: left + (begin + elapsed - from) / perPixel,
    elapsed,
  }))
  return ticks.filter(({ at }) => at <= left + width - TICK_ROOM)
}

/** Spans as they are drawn: those that would be closer than a pixel are one. Thousands of rounds are drawn as some hundred bars. */
export function joined<T extends { readonly kind: string; readonly from: number; readonly to: number }>(
  spans: readonly T[],
  scale: Pick<Scale, 'at'>,
): (T & { readonly count: number })[] {
  const drawn: (T & { readonly count: number })[] = []
  const lastOf = new Map<string, number>()
  for (const span of spans) {
    const index = lastOf.get(span.kind) ?? -1
    const last = drawn[index]
    if (last && scale.at(span.to) - scale.at(last.from) < 2)
      drawn[index] = { ...last, to: Math.max(last.to, span.to), count: last.count + 1 }
    else lastOf.set(span.kind, drawn.push({ ...span, count: 1 }) - 1)
  }
  return drawn
}
