import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** How wide an element is, as it changes. */
export function useWidth() {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(800)
  useLayoutEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const look = () => setWidth(element.clientWidth)
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => observer.disconnect()
  })
  return { frame, width }
}
