/** Which rows of a long list are in view. Pure. */

export interface View {
  readonly scrollTop: number
  /** Of what is seen of the list, in pixels. */
  readonly height: number
}

export interface Rows {
  readonly count: number
  readonly rowHeight: number
  /** Rows above and below that are drawn, too, so that scrolling shows no holes. */
  readonly overscan: number
}

export interface Window {
  /** Of the first row that is drawn, and of the one after the last. */
  readonly first: number
  readonly end: number
  /** Pixels that the rows before and after take. */
  readonly before: number
  readonly after: number
}

export function windowOf({ scrollTop, height }: View, { count, rowHeight, overscan }: Rows): Window {
  const top = Math.max(0, Math.min(scrollTop, count * rowHeight - height))
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight) - overscan))
  const end = Math.max(first, Math.min(count, Math.ceil((top + height) / rowHeight) + overscan))
  return { first, end, before: first * rowHeight, after: (count - end) * rowHeight }
}

/** Where to scroll to, so that a row is wholly in view: not at all where it is already. */
export function scrollTopFor(row: number, rowHeight: number, { scrollTop, height }: View): number {
  const top = row * rowHeight
  if (top < scrollTop) return top
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop
}
