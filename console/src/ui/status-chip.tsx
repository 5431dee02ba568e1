/** How a run or a node stands: by a picture and a word, not by a colour alone. */
import type { NodeStateView, RunStatusView } from '../../../lib/console/views.ts'
import { Icon, type IconName } from './icons.tsx'

export type State = RunStatusView | NodeStateView

const LOOK: Readonly<Record<State, { readonly icon: IconName; readonly text: string }>> = {
  running: { icon: 'play', text: 'running' },
  active: { icon: 'play', text: 'running' },
  awaiting: { icon: 'clock', text: 'awaiting' },
  waiting: { icon: 'clock', text: 'waiting' },
  paused: { icon: 'pause', text: 'paused' },
  completed: { icon: 'check', text: 'completed' },
  failed: { icon: 'cross', text: 'failed' },
  cancelled: { icon: 'stop', text: 'cancelled' },
  notRun: { icon: 'dash', text: 'not run' },
}

export const stateText = (state: State): string => LOOK[state].text

export const stateIcon = (state: State): IconName => LOOK[state].icon

export function StatusChip({ state }: { readonly state: State }) {
  return (
    <span class="chip" data-state={state}>
      <Icon name={stateIcon(state)} size={12} />
      {stateText(state)}
    </span>
  )
}
