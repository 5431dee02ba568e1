/** Messages that no worker could be done with: why, of which run; they are sent back or dropped. */
import { useEffect, useState } from 'preact/hooks'
import type { DeadLetterRow } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted } from '../../format.ts'
import { blueprintHref, runHref } from '../../router.ts'
import { isWritable } from '../../service.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox } from '../../ui/checkbox.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { useData } from '../../ui/use-data.ts'
import { LettersBar } from './letters-bar.tsx'

export function DeadLettersScreen() {
  // Not again by itself: whoever looks receives them, and hides them from others for up to a minute.
  const { value, problem, isLoading, reload } = useData('dead letters', api.deadLetters)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => setChosen(new Set()), [value])
  const letters = value?.letters ?? []
  return (
    <Page
      title="Dead letters"
      actions={
        <Button icon="again" isBusy={isLoading} onClick={reload}>
          Look again
        </Button>
      }
    >
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="Looking into the queue" />}
      {value && letters.length === 0 && (
        <Empty title="No dead letters were found">
          <p>
            A queue has no list: a look may miss some that another one has just seen. Look again in a minute.
          </p>
        </Empty>
      )}
      {letters.length > 0 && (
        <>
          {chosen.size > 0 && (
            <LettersBar
              ids={letters.map(({ id }) => id).filter((id) => chosen.has(id))}
              onClear={() => setChosen(new Set())}
              onDone={reload}
            />
          )}
          <Letters letters={letters} chosen={chosen} onChoose={setChosen} />
          <p class="muted small">
            {counted(letters.length, 'message')} found. Nobody else sees them for up to a minute, and a look
            may miss some.
          </p>
        </>
      )}
    </Page>
  )
}

interface LettersProps {
  readonly letters: readonly DeadLetterRow[]
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (ids: ReadonlySet<string>) => void
}

function Letters({ letters, chosen, onChoose }: LettersProps) {
  const isAll = letters.every(({ id }) => chosen.has(id))
  return (
    <div class="panel plain-table" role="region" aria-label="Dead letters" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {isWritable() && (
              <th scope="col">
                <Checkbox
                  label="Choose all messages"
                  isLabelHidden
                  isChecked={isAll}
                  isMixed={!isAll && chosen.size > 0}
                  onChange={(isOn) => onChoose(new Set(isOn ? letters.map(({ id }) => id) : []))}
                />
              </th>
            )}
            <th scope="col">Reason</th>
            <th scope="col">Run</th>
            <th scope="col" class="wide-only">
              Node
            </th>
            <th scope="col" class="wide-only">
              Blueprint
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <Letter key={letter.id} letter={letter} chosen={chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Letter({
  letter: { id, runId, nodeId, blueprintId, reason },
  chosen,
  onChoose,
}: Omit<LettersProps, 'letters'> & { readonly letter: DeadLetterRow }) {
  const toggle = (isOn: boolean) => {
    const changed = new Set(chosen)
    if (isOn) changed.add(id)
    else changed.delete(id)
    onChoose(changed)
  }
  return (
    <tr data-selected={chosen.has(id) || undefined}>
      {isWritable() && (
        <td>
          <Checkbox
            label={`Choose the message of ${runId === undefined ? 'no run' : `run ${runId}`}`}
            isLabelHidden
            isChecked={chosen.has(id)}
            onChange={toggle}
          />
        </td>
      )}
      <td class="letter-reason">{reason ?? 'It was received too often: SQS moved it here.'}</td>
      <td class="letter-run">
        {runId === undefined ? (
          <span class="muted">none</span>
        ) : (
          <a class="mono" href={runHref(runId, nodeId)}>
            {runId}
          </a>
        )}
      </td>
      <td class="wide-only">{nodeId === undefined ? <span class="muted">–</span> : <code>{nodeId}</code>}</td>
      <td class="wide-only">
        {blueprintId === undefined ? (
          <span class="muted">–</span>
        ) : (
          <a class="plain-link" href={blueprintHref(blueprintId)}>
            {blueprintId}
          </a>
        )}
      </td>
    </tr>
  )
}
