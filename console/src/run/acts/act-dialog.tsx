/** What somebody is about to do to a run, asked once. */
import type { RunView } from '../../../../lib/console/views.ts'
import { isWritable } from '../../service.ts'
import type { RunModel } from '../run-model.ts'
import type { Act } from './available.ts'
import { CancelDialog, PauseDialog, UnpauseDialog } from './plain-dialogs.tsx'
import { ForkDialog } from './fork-dialog.tsx'
import { RedriveDialog } from './redrive-dialog.tsx'
import { ResumeDialog } from './resume-dialog.tsx'
import { SkipDialog } from './skip-dialog.tsx'

export interface ActDialogProps {
  readonly model: RunModel
  readonly run: RunView
}

/** What each dialog is given. */
export interface ActProps extends ActDialogProps {
  readonly act: Act
  readonly onClose: () => void
  /** It was done: the run is read again. */
  readonly onDone: () => void
}

export function ActDialog({ model, run }: ActDialogProps) {
  const act = model.act.value
  if (!act || !isWritable()) return null
  const onClose = () => {
    model.act.value = undefined
  }
  return <Dialog {...{ model, run, act, onClose }} onDone={() => void model.start()} />
}

function Dialog(props: ActProps) {
  switch (props.act.kind) {
    case 'resume':
      return <ResumeDialog {...props} />
    case 'redrive':
      return <RedriveDialog {...props} />
    case 'unpause':
      return <UnpauseDialog {...props} />
    case 'pause':
      return <PauseDialog {...props} />
    case 'fork':
      return <ForkDialog {...props} />
    case 'cancel':
      return <CancelDialog {...props} />
    case 'skip':
      return <SkipDialog {...props} />
  }
}
