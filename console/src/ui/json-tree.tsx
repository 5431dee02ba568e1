/** A value as a tree: folded and unfolded, searched, copied; only what is in view is drawn. Values are text, never HTML. */
import { useId, useMemo, useState } from 'preact/hooks'
import type { Json } from '../../../lib/console/json.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy-button.tsx'
import { Icon } from './icons.tsx'
import { kindOf, rowsOf, summaryOf, type JsonRow, type JsonRowsOptions } from './json-rows.ts'
import { useTreeKeys } from './use-tree-keys.ts'
import { useVirtual } from './use-virtual.ts'

export interface JsonTreeProps {
  readonly value: Json
  /** Name of the tree, for screen readers, and of what is copied: 'context'. */
  readonly label: string
  /** How deep it is open at first. Default: 2. */
  readonly openDepth?: number
  /** Whether it has a row to search in it. Default: where it has more than 12 rows, all unfolded. */
  readonly hasTools?: boolean
  /** Pixels at most, beyond which it scrolls. Default: 420. */
  readonly maxHeight?: number
  /** What is not here yet, such as values that are folded, under the tree. */
  readonly later?: readonly LaterValue[]
}

export interface LaterValue {
  readonly name: string
  /** '1.2 MB', or why it cannot be had. */
  readonly text: string
  /** Gets it; absent: it cannot be had. */
  readonly onLoad?: () => void
  readonly isLoading?: boolean
}

const ROW_HEIGHT = 24
const ROWS_WITHOUT_TOOLS = 12
const ALL: JsonRowsOptions = { toggled: new Map(), openDepth: Infinity, search: '' }

export function JsonTree(props: JsonTreeProps) {
  const { value, label, openDepth = 2, maxHeight = 420, later = [] } = props
  const [search, setSearch] = useState('')
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map())
  const rows = useMemo(
    () => rowsOf(value, { toggled, openDepth, search }),
    [value, toggled, openDepth, search],
  )
  const size = useMemo(() => rowsOf(value, ALL).length, [value])
  const hasTools = props.hasTools ?? size > ROWS_WITHOUT_TOOLS
  const toggle = (row: JsonRow) =>
    row.isFoldable && setToggled((known) => new Map(known).set(row.path, !row.isOpen))
  return (
    <div class="json-tree">
      <div class="json-tools">
        {hasTools && (
          <input
            type="search"
            class="input"
            aria-label={`Search in ${label}`}
            placeholder="Search"
            value={search}
            onInput={(event) => {
              setSearch(event.currentTarget.value)
              setToggled(new Map())
            }}
          />
        )}
        <CopyButton text={() => JSON.stringify(value, null, 2)} what={`${label} as JSON`} />
      </div>
      <Rows rows={rows} label={label} maxHeight={maxHeight} onToggle={toggle} />
      {later.map((one) => (
        <Later key={one.name} value={one} />
      ))}
    </div>
  )
}

interface RowsProps {
  readonly rows: readonly JsonRow[]
  readonly label: string
  readonly maxHeight: number
  readonly onToggle: (row: JsonRow) => void
}

function Rows({ rows, label, maxHeight, onToggle }: RowsProps) {
  const id = useId()
  const { ref, window, scrollToRow } = useVirtual<HTMLDivElement>({
    count: rows.length,
    rowHeight: ROW_HEIGHT,
  })
  const { active, setActive, onKeyDown } = useTreeKeys({ rows, onToggle, scrollToRow })
  const current = rows[active]
  return (
    <>
      <div
        ref={ref}
        class="json-rows"
        role="tree"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={
          current && active >= window.first && active < window.end ? `${id}-${active}` : undefined
        }
        style={{ height: `${Math.min(rows.length * ROW_HEIGHT, maxHeight)}px` }}
        onKeyDown={onKeyDown}
      >
        <div role="none" style={{ height: `${window.before}px` }} />
        {rows.slice(window.first, window.end).map((row, at) => {
          const index = window.first + at
          return (
            <Row
              key={row.path}
              row={row}
              id={`${id}-${index}`}
              isActive={index === active}
              onClick={() => {
                setActive(index)
                onToggle(row)
              }}
            />
          )
        })}
        <div role="none" style={{ height: `${window.after}px` }} />
      </div>
      {current && <Detail row={current} />}
    </>
  )
}

interface RowProps {
  readonly row: JsonRow
  readonly id: string
  readonly isActive: boolean
  readonly onClick: () => void
}

function Row({ row, id, isActive, onClick }: RowProps) {
  const { depth, name, value, isFoldable, isOpen, isMatch } = row
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={isFoldable ? isOpen : undefined}
      aria-selected={isActive}
      class="json-row"
      data-match={isMatch || undefined}
      style={{ height: `${ROW_HEIGHT}px`, paddingInlineStart: `${depth * 16 + 4}px` }}
      onClick={onClick}
    >
      <span class="json-fold">{isFoldable && <Icon name={isOpen ? 'down' : 'right'} size={12} />}</span>
      {name !== undefined && <span class="json-name">{name}:</span>}
      <span class={`json-value ${kindOf(value)}`}>{summaryOf(value)}</span>
    </div>
  )
}

/** A row is one line; a long text is read here. */
function Detail({ row: { path, value } }: { readonly row: JsonRow }) {
  if (typeof value !== 'string' || value.length <= 60) return null
  return (
    <div class="json-detail">
      <p>
        <code>{path || 'value'}</code>
        <CopyButton text={value} what={path || 'value'} />
      </p>
      <pre tabIndex={0}>{value}</pre>
    </div>
  )
}

function Later({ value: { name, text, onLoad, isLoading } }: { readonly value: LaterValue }) {
  return (
    <div class="json-later">
      <span class="json-name">{name}:</span>
      <span class="json-value">{text}</span>
      {onLoad && (
        <Button kind="quiet" isBusy={isLoading} onClick={onLoad} title={`Show ${name}`}>
          Show
        </Button>
      )}
    </div>
  )
}
