/** What workers write down of their runs. */
import { show } from './thrown.ts'

/** 'none': no notes. 'timings': what happened, and when. 'full': also inputs, outputs and the context keys that nodes set. */
const historyModes = ['none', 'timings', 'full'] as const
export type HistoryMode = (typeof historyModes)[number]

export function historyProblems(mode: unknown): string[] {
  if (historyModes.some((known) => known === mode)) return []
  return [`history must be 'none', 'timings' or 'full'; got ${show(mode)}`]
}
