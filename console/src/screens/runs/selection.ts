/** Which runs of a list are chosen. Pure. */

export interface Selection {
  readonly ids: ReadonlySet<string>
  /** The one that was chosen last: with Shift, all from there on are. */
  readonly last?: string
}

export const NOTHING_SELECTED: Selection = { ids: new Set() }

export interface Toggle {
  readonly runId: string
  readonly isOn: boolean
  /** With Shift: all between the last one and this one. */
  readonly isRange: boolean
}

/** `order`: ids as the list has them. */
export function toggled(
  { ids, last }: Selection,
  { runId, isOn, isRange }: Toggle,
  order: readonly string[],
): Selection {
  const changed = new Set(ids)
  for (const id of isRange && last !== undefined ? between(order, last, runId) : [runId]) {
    if (isOn) changed.add(id)
    else changed.delete(id)
  }
  return { ids: changed, last: runId }
}

function between(order: readonly string[], one: string, other: string): readonly string[] {
  const [from, to] = [order.indexOf(one), order.indexOf(other)]
  // The last one may have left the list meanwhile.
  if (from < 0 || to < 0) return [other]
  return order.slice(Math.min(from, to), Math.max(from, to) + 1)
}
