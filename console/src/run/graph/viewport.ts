/** What of a picture is in view, how large, and how that moves. Pure. */
import { type Box, centreOf, type Point } from './geometry.ts'

/** A point of the picture at `p` is seen at `p * scale + (x, y)`. */
export interface View extends Point {
  readonly scale: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

const SMALLEST = 0.004
const LARGEST = 2.5
/** Below it names could not be read, so they are not drawn. */
export const NAMES_FROM = 0.38
const ROOM = 16

/** All of the picture, never larger than life. */
export function fitted(picture: Size, frame: Size, largest = 1): View {
  const room = { width: frame.width - 2 * ROOM, height: frame.height - 2 * ROOM }
  const scale = clamp(
    Math.min(room.width / (picture.width || 1), room.height / (picture.height || 1), largest),
  )
  return {
    scale,
    x: (frame.width - picture.width * scale) / 2,
    y: (frame.height - picture.height * scale) / 2,
  }
}

/** All of the picture where it can be read so; else what is of interest at a size that can be read, or its begin. */
export function opened(picture: Size, frame: Size, interest?: Box): View {
  const all = fitted(picture, frame)
  if (all.scale >= READABLE || frame.width <= 0) return all
  const middle = interest ? centreOf(interest) : undefined
  const along = (length: number, room: number, at: number | undefined) => {
    const free = room - length * READABLE
    if (free >= 0) return free / 2
    return at === undefined ? ROOM : between(room / 2 - at * READABLE, free - ROOM, ROOM)
  }
  return {
    scale: READABLE,
    x: along(picture.width, frame.width, middle?.x ?? picture.width / 2),
    y: along(picture.height, frame.height, middle?.y),
  }
}

const READABLE = 0.9

/** Larger or smaller by a factor; the point of the frame stays where it is. */
export function zoomed(view: View, factor: number, around: Point): View {
  const scale = clamp(view.scale * factor)
  const by = scale / view.scale
  return { scale, x: around.x - (around.x - view.x) * by, y: around.y - (around.y - view.y) * by }
}

export function moved(view: View, by: Point): View {
  return { ...view, x: view.x + by.x, y: view.y + by.y }
}

/** Moved so far that the box is in view with some room around it; the view itself where it is. */
export function showing(view: View, box: Box, frame: Size): View {
  const margin = 40
  const shift = (from: number, length: number, room: number) => {
    if (length + 2 * margin > room) return room / 2 - (from + length / 2)
    if (from < margin) return margin - from
    return from + length > room - margin ? room - margin - (from + length) : 0
  }
  const { scale } = view
  const by = {
    x: shift(box.x * scale + view.x, box.width * scale, frame.width),
    y: shift(box.y * scale + view.y, box.height * scale, frame.height),
  }
  return by.x === 0 && by.y === 0 ? view : moved(view, by)
}

/**
 * The part of the picture to draw: what is in view, and as much again on each side, in steps, so that it is the same
 * while somebody moves a little.
 */
export function drawnPart({ x, y, scale }: View, { width, height }: Size): Box {
  const step = { x: width / 2 / scale, y: height / 2 / scale }
  const left = Math.floor(-x / scale / step.x - 1) * step.x
  const top = Math.floor(-y / scale / step.y - 1) * step.y
  return { x: left, y: top, width: 5 * step.x, height: 5 * step.y }
}

/** The nearest of the boxes in a direction; undefined where there is none. */
export function nearest<T extends Box>(from: Box, boxes: readonly T[], towards: Point): T | undefined {
  const start = centreOf(from)
  let best: { readonly box: T; readonly far: number } | undefined
  for (const box of boxes) {
    const to = centreOf(box)
    const along = (to.x - start.x) * towards.x + (to.y - start.y) * towards.y
    if (along <= 1) continue
    const aside = Math.abs((to.x - start.x) * towards.y) + Math.abs((to.y - start.y) * towards.x)
    const far = along + 2 * aside
    if (!best || far < best.far) best = { box, far }
  }
  return best?.box
}

function clamp(scale: number): number {
  return between(Number.isFinite(scale) ? scale : 1, SMALLEST, LARGEST)
}

function between(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
