import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { scrollTopFor, windowOf, type View, type Window } from './virtual.ts'

export interface VirtualOptions {
  readonly count: number
  readonly rowHeight: number
  readonly overscan?: number
}

export interface Virtual<E extends HTMLElement> {
  /** Of the element that scrolls. */
  readonly ref: { readonly current: E | null }
  readonly window: Window
  readonly scrollToRow: (row: number) => void
}

/** Follows how far an element is scrolled and how high it is; draws again only where other rows come into view. */
export function useVirtual<E extends HTMLElement>({
  count,
  rowHeight,
  overscan = 8,
}: VirtualOptions): Virtual<E> {
  const ref = useRef<E>(null)
  const [view, setView] = useState<View>({ scrollTop: 0, height: 0 })
  const look = useCallback(() => {
    const { scrollTop = 0, clientHeight = 0 } = ref.current ?? {}
    setView((known) => {
      const isSameRow = Math.floor(known.scrollTop / rowHeight) === Math.floor(scrollTop / rowHeight)
      const isSame = isSameRow && known.height === clientHeight
      return isSame ? known : { scrollTop, height: clientHeight }
    })
  }, [rowHeight])
  useLayoutEffect(() => {
    const element = ref.current
    if (!element) return undefined
    look()
    element.addEventListener('scroll', look, { passive: true })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      observer.disconnect()
    }
  }, [look])
  const scrollToRow = useCallback(
    (row: number) => {
      const element = ref.current
      if (!element) return
      element.scrollTop = scrollTopFor(row, rowHeight, {
        scrollTop: element.scrollTop,
        height: element.clientHeight,
      })
    },
    [rowHeight],
  )
  return { ref, window: windowOf(view, { count, rowHeight, overscan }), scrollToRow }
}
