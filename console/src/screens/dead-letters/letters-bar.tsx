/** What can be done to the messages that are chosen. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { counted } from '../../format.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { Button } from '../../ui/button.tsx'
import { toast } from '../../ui/toast.tsx'

export interface LettersBarProps {
  readonly ids: readonly string[]
  readonly onClear: () => void
  readonly onDone: () => void
}

export function LettersBar({ ids, onClear, onDone }: LettersBarProps) {
  const [open, setOpen] = useState<'send' | 'drop'>()
  const Open = open === undefined ? undefined : DIALOGS[open]
  return (
    <div class="bulk-bar" role="group" aria-label="Chosen messages">
      <span role="status">{counted(ids.length, 'message')} chosen</span>
      <Button icon="send" onClick={() => setOpen('send')}>
        Send back …
      </Button>
      <Button icon="trash" onClick={() => setOpen('drop')}>
        Drop …
      </Button>
      <Button kind="quiet" onClick={onClear}>
        Choose none
      </Button>
      {Open && <Open ids={ids} onClose={() => setOpen(undefined)} onDone={onDone} />}
    </div>
  )
}

interface LettersDialogProps {
  readonly ids: readonly string[]
  readonly onClose: () => void
  readonly onDone: () => void
}

function SendBackDialog({ ids, onClose, onDone }: LettersDialogProps) {
  return (
    <ActionDialog
      title={`Send ${counted(ids.length, 'message')} back`}
      submit="Send back"
      isReasoned={false}
      onClose={onClose}
      onSubmit={async () => {
        const { sent } = await api.sendBack(ids)
        toast(`${counted(sent, 'message')} sent back.${missed(ids.length - sent)}`)
        onDone()
      }}
    >
      <p>
        The workers get them again, as jobs. What they failed at should be mended: else they come back here. A
        message that is no job stays.
      </p>
    </ActionDialog>
  )
}

function DropDialog({ ids, onClose, onDone }: LettersDialogProps) {
  return (
    <ActionDialog
      title={`Drop ${counted(ids.length, 'message')}`}
      submit="Drop"
      kind="danger"
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const { dropped } = await api.drop({ ids, ...reasoned })
        toast(`${counted(dropped, 'message')} dropped.${missed(ids.length - dropped)}`)
        onDone()
      }}
    >
      <p>They are removed for good. A run that needs one does not go on by itself any more.</p>
    </ActionDialog>
  )
}

const DIALOGS = { send: SendBackDialog, drop: DropDialog }

const missed = (count: number): string =>
  count > 0 ? ` ${counted(count, 'message')} not found, or no job.` : ''
