/** Something done to many runs: first what it would do, then whether to, then how it goes. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { OutcomeView } from '../../../../lib/console/views.ts'
import type { Reasoned } from '../../requests.ts'
import { counted } from '../../format.ts'
import { actsAs, rememberWho } from '../../who.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { PreviewReport, Progress, ResultReport } from './reports.tsx'
import { useOutcomes, type Outcomes } from './use-outcomes.ts'

export interface BulkDialogProps {
  readonly title: string
  /** 'Redrive', and what a run is then: 'redriven'. */
  readonly verb: string
  readonly past: string
  readonly kind: 'primary' | 'danger'
  /** Runs to act on where nothing tells beforehand what would happen. */
  readonly runIds?: readonly string[]
  /** What would happen to them, where there is no preview. */
  readonly intro?: ComponentChildren
  /** What it would do, run by run; it acts on those for which that is possible. */
  readonly preview?: (signal: AbortSignal) => AsyncIterable<OutcomeView>
  readonly act: (
    runIds: readonly string[],
    reasoned: Reasoned,
    signal: AbortSignal,
  ) => AsyncIterable<OutcomeView>
  /** How many a preview is about, where that is known. */
  readonly expected?: number
  readonly onClose: () => void
  /** Something was done. */
  readonly onDone: () => void
}

export function BulkDialog(props: BulkDialogProps) {
  const { title, preview, runIds = [], act, onClose, onDone } = props
  const previewed = useOutcomes()
  const acted = useOutcomes()
  const [total, setTotal] = useState<number>()
  useEffect(() => {
    if (preview) void previewed.read(preview)
  }, [])
  const isUnderWay = total !== undefined && !acted.isOver
  const ready = preview ? previewed.summary.done : runIds
  const start = async (reasoned: Reasoned) => {
    previewed.stop()
    setTotal(ready.length)
    await acted.read((signal) => act(ready, reasoned, signal))
    onDone()
  }
  return (
    // What is under way is stopped first, and says how far it came.
    <Dialog
      title={title}
      onClose={isUnderWay ? acted.stop : onClose}
      closeLabel={isUnderWay ? 'Stop' : 'Close'}
      isWide
    >
      {total === undefined ? (
        <Asking
          {...props}
          ready={ready}
          previewed={preview && previewed}
          onStart={(who) => void start(who)}
        />
      ) : (
        <Going {...props} total={total} acted={acted} />
      )}
    </Dialog>
  )
}

interface AskingProps extends BulkDialogProps {
  readonly ready: readonly string[]
  readonly previewed: Outcomes | undefined
  readonly onStart: (reasoned: Reasoned) => void
}

function Asking({ verb, kind, intro, expected, ready, previewed, onStart, onClose }: AskingProps) {
  const [by, setBy] = useState(actsAs)
  const [reason, setReason] = useState('')
  const isLooking = previewed !== undefined && !previewed.isOver
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (ready.length === 0 || isLooking) return
    rememberWho(by)
    onStart({ by: by.trim() || undefined, reason: reason.trim() || undefined })
  }
  return (
    <form onSubmit={submit}>
      <div class="dialog-content">
        {isLooking && (
          <Progress
            label="Looking what would happen"
            count={previewed.summary.done.length + previewed.summary.refusedCount}
            total={expected}
          />
        )}
        {previewed && <PreviewReport summary={previewed.summary} isOver={previewed.isOver} />}
        {intro}
        <div class="field-row">
          <TextField label="By" value={by} onInput={setBy} hint="stands in the history of each run" />
          <TextField label="Reason" value={reason} onInput={setReason} isOptional />
        </div>
      </div>
      <footer>
        <Button onClick={onClose}>Not now</Button>
        {isLooking && ready.length > 0 && <Button onClick={previewed.stop}>Only these</Button>}
        <Button type="submit" kind={kind} disabled={ready.length === 0 || isLooking}>
          {`${verb} ${counted(ready.length, 'run')}`}
        </Button>
      </footer>
    </form>
  )
}

interface GoingProps extends BulkDialogProps {
  readonly total: number
  readonly acted: Outcomes
}

function Going({ past, total, acted, onClose }: GoingProps) {
  const { summary, isOver, stop } = acted
  const count = summary.done.length + summary.refusedCount
  const ref = useRef<HTMLDivElement>(null)
  // The button that was pressed is gone.
  useEffect(() => ref.current?.focus(), [isOver])
  return (
    <>
      <div class="dialog-content" ref={ref} tabIndex={-1}>
        <Progress label={isOver ? 'Done' : 'Under way'} count={count} total={total} />
        <ResultReport summary={summary} past={past} left={isOver ? total - count : 0} />
      </div>
      <footer>
        {isOver ? (
          <Button kind="primary" onClick={onClose}>
            Close
          </Button>
        ) : (
          <Button icon="stop" onClick={stop}>
            Stop
          </Button>
        )}
      </footer>
    </>
  )
}
