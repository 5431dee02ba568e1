/** A table of which only the rows in view are drawn. */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect } from 'preact/hooks'
import { useVirtual } from './use-virtual.ts'

export interface Column<T> {
  readonly id: string
  readonly head: ComponentChildren
  readonly cell: (row: T, index: number) => ComponentChildren
}

export interface VirtualTableProps<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  /** In pixels, as style.css has it for `.virtual-table td`. */
  readonly rowHeight: number
  readonly keyOf: (row: T) => string
  /** Keeps how far it is scrolled, while something else is shown. */
  readonly scroll?: { scrollTop: number }
  readonly isSelected?: (row: T) => boolean
  /** Which rows are in view: the first, and the one after the last. */
  readonly onView?: (first: number, end: number) => void
  /** What stands under the last row. */
  readonly foot?: ComponentChildren
}

export function VirtualTable<T>(props: VirtualTableProps<T>) {
  const { label, columns, rows, rowHeight, keyOf, scroll, isSelected, onView, foot } = props
  const { ref, window } = useVirtual<HTMLDivElement>({ count: rows.length, rowHeight })
  const { first, end } = window
  useKeptScroll(ref, scroll)
  useEffect(() => onView?.(first, end), [first, end, onView])
  return (
    <div ref={ref} class="virtual-table" role="region" aria-label={label} tabIndex={0}>
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ id, head }) => (
              <th key={id} scope="col" class={`column-${id}`}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={window.before} />
          {rows.slice(first, end).map((row, at) => (
            <tr
              key={keyOf(row)}
              aria-rowindex={first + at + 2}
              data-selected={isSelected?.(row) || undefined}
              style={{ height: `${rowHeight}px` }}
            >
              {columns.map(({ id, cell }) => (
                <td key={id} class={`column-${id}`}>
                  {cell(row, first + at)}
                </td>
              ))}
            </tr>
          ))}
          <Spacer height={window.after} />
        </tbody>
      </table>
      {foot}
    </div>
  )
}

function useKeptScroll(ref: { readonly current: HTMLElement | null }, scroll?: { scrollTop: number }): void {
  useLayoutEffect(() => {
    const element = ref.current
    if (!element || !scroll) return undefined
    element.scrollTop = scroll.scrollTop
    const keep = () => {
      scroll.scrollTop = element.scrollTop
    }
    element.addEventListener('scroll', keep, { passive: true })
    return () => element.removeEventListener('scroll', keep)
  }, [ref, scroll])
}

/** One cell wide: spanning all columns would bring back those that the style sheet hides. */
function Spacer({ height }: { readonly height: number }) {
  if (height <= 0) return null
  return (
    <tr class="spacer" aria-hidden="true">
      <td style={{ height: `${height}px` }} />
    </tr>
  )
}
