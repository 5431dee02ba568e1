/** Items of a batch, put together by time: a thousand bars side by side could be neither drawn nor read. */

export interface ItemSlice {
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  readonly count: number
  readonly failed: number
}

const SLICES = 48

/** As many slices of one length as are useful, those without an item left out. */
export function sliced(items: readonly { readonly at: number; readonly failed: boolean }[]): ItemSlice[] {
  const times = items.map(({ at }) => at).toSorted((a, b) => a - b)
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined) return []
  const length = Math.max(1, (last - first) / SLICES)
  const slices = new Map<number, ItemSlice>()
  for (const { at, failed } of items) {
    const index = Math.min(SLICES - 1, Math.floor((at - first) / length))
    const from = first + index * length
    const before = slices.get(index) ?? { from, to: from + length, count: 0, failed: 0 }
    slices.set(index, { ...before, count: before.count + 1, failed: before.failed + (failed ? 1 : 0) })
  }
  return [...slices.entries()].toSorted(([a], [b]) => a - b).map(([, slice]) => slice)
}
