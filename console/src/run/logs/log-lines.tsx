/** What functions logged of a run, or of a node of it. */
import { api } from '../../api.ts'
import { formatInstant } from '../../format.ts'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { useData } from '../../ui/use-data.ts'

export interface LogLinesProps {
  readonly runId: string
  readonly nodeId?: string
}

export function LogLines({ runId, nodeId }: LogLinesProps) {
  const { value, problem, isLoading, reload } = useData(`${runId} ${nodeId ?? ''}`, (signal) =>
    api.logs(runId, nodeId, signal),
  )
  if (problem) return <ProblemBox problem={problem} onRetry={reload} />
  if (!value) return <Loading what="Reading the log" />
  const { lines, unavailable } = value
  if (unavailable !== undefined) return <Empty title="The log cannot be read.">{unavailable}</Empty>
  return (
    <div class="log">
      <div class="log-tools">
        <Button kind="quiet" icon="again" isBusy={isLoading} onClick={reload}>
          Read again
        </Button>
        {lines.length > 0 && (
          <CopyButton
            text={() => lines.map(({ at, level, text }) => `${at} ${level} ${text}`).join('\n')}
            what="the log lines"
          />
        )}
      </div>
      {lines.length === 0 ? (
        <Empty title="Nothing was logged." />
      ) : (
        <ol class="log-lines" tabIndex={0} aria-label="Log lines">
          {lines.map(({ at, level, nodeId: of, text }, index) => (
            <li key={index} data-level={level}>
              <time dateTime={at}>{formatInstant(at).slice(11)}</time>
              <span class="log-level">{level}</span>
              {nodeId === undefined && <span class="log-node">{of ?? ''}</span>}
              <span class="log-text">{text}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}
