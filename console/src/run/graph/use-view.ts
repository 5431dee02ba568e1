/** Moves a picture in its frame: by mouse, touch, wheel and keys. */
import { type ReadonlySignal, useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Box, Point } from './geometry.ts'
import { fitted, moved, opened, showing, type Size, type View, zoomed } from './viewport.ts'

export interface PictureView {
  /** Of the element in which the picture is seen. */
  readonly frame: { readonly current: HTMLDivElement | null }
  readonly view: ReadonlySignal<View>
  readonly size: ReadonlySignal<Size>
  readonly zoom: (factor: number) => void
  readonly fit: () => void
  readonly show: (box: Box) => void
  readonly move: (by: Point) => void
  /** Whether the pointer has just moved the picture: then its click selects nothing. */
  readonly hasDragged: () => boolean
}

const NOWHERE: View = { x: 0, y: 0, scale: 1 }
/** Pixels that a pointer may tremble. */
const TREMBLE = 4

/** `picture` is undefined while it is not known; `interest` is what to open at where all would be too small. */
export function useView(picture: Size | undefined, interest: Box | undefined): PictureView {
  const frame = useRef<HTMLDivElement>(null)
  const view = useSignal<View>(NOWHERE)
  const size = useSignal<Size>({ width: 0, height: 0 })
  const isOpened = useRef(false)
  const isTouched = useRef(false)
  const latest = useRef({ picture, interest })
  latest.current = { picture, interest }

  const open = () => {
    const { picture: known, interest: box } = latest.current
    if (!known || size.value.width === 0) return
    isOpened.current = true
    view.value = opened(known, size.value, box)
  }
  useSize(frame, (next) => {
    size.value = next
    // Until somebody has moved it, it stays fitted to its frame.
    if (!isTouched.current) open()
  })
  useLayoutEffect(() => {
    isTouched.current = false
    open()
  }, [picture])
  useEffect(() => {
    // While nobody has moved it, it follows what goes on.
    const box = latest.current.interest
    if (isOpened.current && !isTouched.current && box) view.value = showing(view.value, box, size.value)
  }, [interest])
  const hasDragged = usePointers(frame, view, () => (isTouched.current = true))
  const change = (next: View) => {
    isTouched.current = true
    view.value = next
  }
  const middle = () => ({ x: size.value.width / 2, y: size.value.height / 2 })
  return {
    frame,
    view,
    size,
    zoom: (factor) => change(zoomed(view.value, factor, middle())),
    fit: () => picture && change(fitted(picture, size.value)),
    show: (box) => {
      const next = showing(view.value, box, size.value)
      if (isOpened.current && next !== view.value) change(next)
    },
    move: (by) => change(moved(view.value, by)),
    hasDragged,
  }
}

function useSize(frame: { readonly current: HTMLElement | null }, onSize: (size: Size) => void): void {
  const latest = useRef(onSize)
  latest.current = onSize
  useLayoutEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const look = () => latest.current({ width: element.clientWidth, height: element.clientHeight })
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame])
}

interface Held {
  readonly points: Map<number, Point>
  moved: number
}

/** One pointer moves the picture, two make it larger or smaller, and so does the wheel. */
function usePointers(
  frame: { readonly current: HTMLElement | null },
  view: { value: View },
  onTouch: () => void,
): () => boolean {
  const held = useRef<Held>({ points: new Map(), moved: 0 })
  useEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const stop = new AbortController()
    const at = (event: MouseEvent): Point => {
      const { left, top } = element.getBoundingClientRect()
      return { x: event.clientX - left, y: event.clientY - top }
    }
    const onMove = (event: PointerEvent) => {
      const { points } = held.current
      const before = points.get(event.pointerId)
      if (!before) return
      const next = at(event)
      held.current.moved += Math.hypot(next.x - before.x, next.y - before.y)
      if (held.current.moved <= TREMBLE) return
      if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId)
      const other = [...points].find(([id]) => id !== event.pointerId)?.[1]
      points.set(event.pointerId, next)
      onTouch()
      view.value = other
        ? zoomed(view.value, distance(next, other) / Math.max(1, distance(before, other)), other)
        : moved(view.value, { x: next.x - before.x, y: next.y - before.y })
    }
    const onDown = (event: PointerEvent) => {
      // What lies over the picture, such as its buttons, is no part of it.
      if (event.button !== 0 || !(event.target as Element).closest('svg.graph-svg')) return
      if (held.current.points.size === 0) held.current.moved = 0
      held.current.points.set(event.pointerId, at(event))
    }
    const onUp = (event: PointerEvent) => held.current.points.delete(event.pointerId)
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      onTouch()
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
      const speed = event.ctrlKey ? 0.01 : 0.0018
      view.value = isSideways
        ? moved(view.value, { x: -(event.deltaX || event.deltaY) * lines, y: 0 })
        : zoomed(view.value, Math.exp(-event.deltaY * lines * speed), at(event))
    }
    const options = { signal: stop.signal }
    element.addEventListener('pointerdown', onDown, options)
    element.addEventListener('pointermove', onMove, options)
    element.addEventListener('pointerup', onUp, options)
    element.addEventListener('pointercancel', onUp, options)
    element.addEventListener('wheel', onWheel, { ...options, passive: false })
    return () => stop.abort()
  }, [frame, view])
  return () => held.current.moved > TREMBLE
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
