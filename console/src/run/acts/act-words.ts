import type { IconName } from '../../ui/icons.tsx'
import type { ActKind } from './available.ts'

/** What stands on the buttons. */
export const ACTS: Readonly<Record<ActKind, { readonly text: string; readonly icon: IconName }>> = {
  resume: { text: 'Resume', icon: 'play' },
  redrive: { text: 'Redrive', icon: 'again' },
  unpause: { text: 'Unpause', icon: 'play' },
  pause: { text: 'Pause', icon: 'pause' },
  fork: { text: 'Fork', icon: 'fork' },
  cancel: { text: 'Cancel', icon: 'stop' },
  skip: { text: 'Skip', icon: 'skip' },
}
