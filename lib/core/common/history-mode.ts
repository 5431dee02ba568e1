/** What workers write down of their runs. */
import { show } from './thrown.ts'

/** 'none': no notes. 'timings': what happened, and when. 'full': also inputs, outputs and the context keys that nodes set. */
export type HistoryMode = 'none' | 'timings' | 'full'

const historyModes: readonly HistoryMode[] = ['none', 'timings', 'full']

export function historyProblems(mode: unknown): string[] {
  if (historyModes.some((known) => known === mode)) return []
  return [`history must be 'none', 'timings' or 'full'; got ${show(mode)}`]
}
