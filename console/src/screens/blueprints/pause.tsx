/** Pausing a blueprint, and letting it go on. */
import { useState } from 'preact/hooks'
import type { BlueprintRow } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { isWritable } from '../../service.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { Button } from '../../ui/button.tsx'
import { formatInstant } from '../../format.ts'
import { toast } from '../../ui/toast.tsx'

export interface PauseProps {
  readonly blueprint: Pick<BlueprintRow, 'blueprintId' | 'paused'>
  readonly onDone: () => void
}

export function PauseButton({ blueprint: { blueprintId, paused }, onDone }: PauseProps) {
  const [isOpen, setOpen] = useState(false)
  if (!isWritable()) return null
  return (
    <>
      <Button
        icon={paused ? 'play' : 'pause'}
        title={paused ? `Let ${blueprintId} go on` : `Pause ${blueprintId}`}
        onClick={() => setOpen(true)}
      >
        {paused ? 'Unpause …' : 'Pause …'}
      </Button>
      {isOpen && (
        <PauseDialog
          blueprintId={blueprintId}
          isPaused={paused !== undefined}
          onClose={() => setOpen(false)}
          onDone={onDone}
        />
      )}
    </>
  )
}

interface PauseDialogProps {
  readonly blueprintId: string
  readonly isPaused: boolean
  readonly onClose: () => void
  readonly onDone: () => void
}

function PauseDialog({ blueprintId, isPaused, onClose, onDone }: PauseDialogProps) {
  return isPaused ? (
    <ActionDialog
      title={`Unpause ${blueprintId}`}
      submit="Unpause"
      isReasoned={false}
      onClose={onClose}
      onSubmit={async () => {
        await api.unpauseBlueprint(blueprintId, {})
        toast(`${blueprintId} goes on.`)
        onDone()
      }}
    >
      <p>Its runs go on from where they stopped, and new ones begin.</p>
    </ActionDialog>
  ) : (
    <ActionDialog
      title={`Pause ${blueprintId}`}
      submit="Pause"
      onClose={onClose}
      onSubmit={async (reasoned) => {
        await api.pauseBlueprint(blueprintId, reasoned)
        toast(`${blueprintId} is paused.`)
        onDone()
      }}
    >
      <p>
        No node of any of its runs begins from now on; those that are being executed end. Runs may be started,
        and wait. Nothing is lost.
      </p>
    </ActionDialog>
  )
}

/** 'paused by Ada, 2026-11-26 14:03: the report service is down'. */
export function pauseText({ at, by, reason }: NonNullable<BlueprintRow['paused']>): string {
  const who = by === undefined ? '' : ` by ${by}`
  return `paused${who}, ${formatInstant(at).slice(0, 16)}${reason === undefined ? '' : `: ${reason}`}`
}
