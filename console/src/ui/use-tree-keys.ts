/** Up and down, in and out of a tree by the keyboard, as trees have it. */
import { useEffect, useState } from 'preact/hooks'
import { parentRow, type JsonRow } from './json-rows.ts'

export interface TreeKeys {
  /** Number of the row that the keyboard is at. */
  readonly active: number
  readonly setActive: (row: number) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
}

export interface TreeKeysOptions {
  readonly rows: readonly JsonRow[]
  readonly onToggle: (row: JsonRow) => void
  readonly scrollToRow: (row: number) => void
}

export function useTreeKeys({ rows, onToggle, scrollToRow }: TreeKeysOptions): TreeKeys {
  const [active, setActive] = useState(0)
  const last = rows.length - 1
  useEffect(() => {
    // Rows that were folded away leave the keyboard at the last one that is there.
    if (active > last) setActive(Math.max(0, last))
  }, [active, last])
  const go = (row: number) => {
    const to = Math.max(0, Math.min(last, row))
    setActive(to)
    scrollToRow(to)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[active]
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return
    const acts: Record<string, () => void> = {
      ArrowDown: () => go(active + 1),
      ArrowUp: () => go(active - 1),
      Home: () => go(0),
      End: () => go(last),
      PageDown: () => go(active + 15),
      PageUp: () => go(active - 15),
      ArrowRight: () => (row.isFoldable && !row.isOpen ? onToggle(row) : go(active + 1)),
      ArrowLeft: () => (row.isOpen ? onToggle(row) : go(Math.max(0, parentRow(rows, active)))),
      Enter: () => onToggle(row),
      ' ': () => onToggle(row),
    }
    const act = acts[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }
  return { active, setActive, onKeyDown }
}
