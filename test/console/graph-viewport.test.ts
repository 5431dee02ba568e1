import { describe, expect, it } from 'vitest'
import {
  drawnPart,
  fitted,
  moved,
  nearest,
  opened,
  showing,
  type View,
  zoomed,
} from '../../console/src/run/graph/viewport.ts'
import { overlaps } from '../../console/src/run/graph/geometry.ts'

const frame = { width: 800, height: 400 }

function seen({ x, y, scale }: View, point: { readonly x: number; readonly y: number }) {
  return { x: point.x * scale + x, y: point.y * scale + y }
}

describe('the view of a picture', () => {
  it('fits all of it, in the middle, never larger than life', () => {
    expect(fitted({ width: 100, height: 100 }, frame)).toEqual({ scale: 1, x: 350, y: 150 })
    const view = fitted({ width: 4_000, height: 800 }, frame)
    expect(seen(view, { x: 0, y: 0 }).x).toBeGreaterThan(0)
    expect(seen(view, { x: 4_000, y: 800 }).x).toBeLessThan(800)
  })

  it('opens where something is of interest, at a size that can be read', () => {
    const picture = { width: 2_000, height: 20_000 }
    const box = { x: 900, y: 15_000, width: 200, height: 40 }
    const view = opened(picture, frame, box)
    expect(view.scale).toBe(0.9)
    const at = seen(view, { x: 1_000, y: 15_020 })
    expect(Math.round(at.x)).toBe(400)
    expect(Math.round(at.y)).toBe(200)
  })

  it('opens at the begin of a long one of which nothing is of interest', () => {
    expect(seen(opened({ width: 300, height: 20_000 }, frame), { x: 0, y: 0 }).y).toBe(16)
  })

  it('shows no more room than there is after the end', () => {
    const box = { x: 0, y: 19_960, width: 200, height: 40 }
    const view = opened({ width: 300, height: 20_000 }, frame, box)
    expect(seen(view, { x: 0, y: 20_000 }).y).toBeCloseTo(400 - 16)
  })

  it('keeps the point under the pointer when it is made larger, and ends at a limit', () => {
    const view = { x: 10, y: 20, scale: 1 }
    const larger = zoomed(view, 1.5, { x: 210, y: 120 })
    expect(seen(larger, { x: 200, y: 100 })).toEqual({ x: 210, y: 120 })
    expect(zoomed(view, 1_000, { x: 0, y: 0 }).scale).toBe(2.5)
    expect(zoomed(view, 1e-9, { x: 0, y: 0 }).scale).toBe(0.004)
  })

  it('moves only as far as it must to show a box', () => {
    const view = { x: 0, y: 0, scale: 1 }
    expect(showing(view, { x: 300, y: 200, width: 100, height: 40 }, frame)).toBe(view)
    expect(showing(view, { x: 1_000, y: 200, width: 100, height: 40 }, frame)).toEqual({
      x: -340,
      y: 0,
      scale: 1,
    })
    expect(showing(view, { x: -90, y: 200, width: 100, height: 40 }, frame)).toEqual({
      x: 130,
      y: 0,
      scale: 1,
    })
  })

  it('draws what is in view and some more, and the same while it moves a little', () => {
    const view = { x: -1_000, y: -500, scale: 0.5 }
    const part = drawnPart(view, frame)
    expect(part.x).toBeLessThanOrEqual(2_000)
    expect(part.x + part.width).toBeGreaterThanOrEqual(2_000 + 1_600)
    expect(part.y).toBeLessThanOrEqual(1_000)
    expect(part.y + part.height).toBeGreaterThanOrEqual(1_000 + 800)
    expect(drawnPart(moved(view, { x: -3, y: -2 }), frame)).toEqual(part)
    expect(overlaps(part, { x: 20_000, y: 0, width: 10, height: 10 })).toBe(false)
  })
})

const box = (id: string, x: number, y: number) => ({ id, x, y, width: 100, height: 40 })

describe('the nearest node in a direction', () => {
  const from = box('from', 0, 0)
  const boxes = [from, box('below', 0, 100), box('aside', 300, 80), box('far', 0, 400)]

  it('is the one that is straight ahead', () => {
    expect(nearest(from, boxes, { x: 0, y: 1 })?.id).toBe('below')
    expect(nearest(from, boxes, { x: 1, y: 0 })?.id).toBe('aside')
  })

  it('is none where there is none', () => {
    expect(nearest(from, boxes, { x: 0, y: -1 })).toBeUndefined()
  })
})
