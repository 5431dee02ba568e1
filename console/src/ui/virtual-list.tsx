/** A list of which only what is in view is drawn: 100,000 rows of one height. */
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { useVirtual } from './use-virtual.ts'

export interface VirtualListProps<T> {
  readonly items: readonly T[]
  readonly rowHeight: number
  /** Name of the list, for screen readers. */
  readonly label: string
  readonly keyOf: (item: T, index: number) => string | number
  readonly render: (item: T, index: number) => ComponentChildren
  /** Scrolled into view when it changes. */
  readonly shownRow?: number
}

export function VirtualList<T>({ items, rowHeight, label, keyOf, render, shownRow }: VirtualListProps<T>) {
  const { ref, window, scrollToRow } = useVirtual<HTMLDivElement>({ count: items.length, rowHeight })
  useEffect(() => {
    if (shownRow !== undefined && shownRow >= 0) scrollToRow(shownRow)
  }, [shownRow, scrollToRow])
  return (
    <div ref={ref} class="virtual-list" role="list" aria-label={label} tabIndex={0}>
      <div style={{ height: `${window.before}px` }} aria-hidden="true" />
      {items.slice(window.first, window.end).map((item, at) => {
        const index = window.first + at
        return (
          <div
            key={keyOf(item, index)}
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={index + 1}
            class="virtual-row"
            style={{ height: `${rowHeight}px` }}
          >
            {render(item, index)}
          </div>
        )
      })}
      <div style={{ height: `${window.after}px` }} aria-hidden="true" />
    </div>
  )
}
