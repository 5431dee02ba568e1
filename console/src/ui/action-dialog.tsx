/** What acts asks once, in a dialog: what happens, by whom and why; then it says what it did, or what was wrong. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { ProblemView } from '../../../lib/console/views.ts'
import type { Reasoned } from '../requests.ts'
import { problemOf } from '../problem.ts'
import { actsAs, rememberWho } from '../who.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { TextField } from './field.tsx'
import { ProblemBox } from './problem-box.tsx'

export interface ActionDialogProps {
  readonly title: string
  /** What the button says: what is done, as a verb. */
  readonly submit: string
  readonly kind?: 'primary' | 'danger'
  /** Whether it asks by whom and why. Default: true. */
  readonly isReasoned?: boolean
  readonly isWide?: boolean
  readonly isDisabled?: boolean
  readonly onClose: () => void
  /** Does it. What it throws is shown, and the dialog stays; else the dialog closes. */
  readonly onSubmit: (reasoned: Reasoned) => Promise<void>
  readonly children?: ComponentChildren
}

export function ActionDialog(props: ActionDialogProps) {
  const { title, submit, kind = 'primary', isReasoned = true, isWide, isDisabled, onClose, children } = props
  const [by, setBy] = useState(actsAs)
  const [reason, setReason] = useState('')
  const { problem, isBusy, run } = useAction(props, { by, reason })
  return (
    <Dialog title={title} onClose={onClose} isWide={isWide}>
      <form onSubmit={run}>
        <div class="dialog-content">
          {children}
          {isReasoned && (
            <div class="field-row">
              <TextField label="By" value={by} onInput={setBy} hint="stands in the history" />
              <TextField label="Reason" value={reason} onInput={setReason} isOptional />
            </div>
          )}
          {problem && <ProblemBox problem={problem} />}
        </div>
        <footer>
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" kind={kind} isBusy={isBusy} disabled={isDisabled}>
            {submit}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}

function useAction({ onSubmit, onClose }: ActionDialogProps, { by, reason }: Required<Reasoned>) {
  const [problem, setProblem] = useState<ProblemView>()
  const [isBusy, setBusy] = useState(false)
  const run = async (event: SubmitEvent) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    setProblem(undefined)
    rememberWho(by)
    try {
      await onSubmit({ by: by.trim() || undefined, reason: reason.trim() || undefined })
      onClose()
    } catch (error) {
      setProblem(problemOf(error))
      setBusy(false)
    }
  }
  return { problem, isBusy, run }
}
