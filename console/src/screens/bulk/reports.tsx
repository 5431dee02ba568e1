/** What outcomes add up to, for people. */
import { counted, formatCount } from '../../format.ts'
import { runHref } from '../../router.ts'
import { ProblemBox } from '../../ui/problem-box.tsx'
import type { BulkSummary } from './summary.ts'

export function Progress({
  label,
  count,
  total,
}: {
  readonly label: string
  readonly count: number
  /** Absent: nobody knows. */
  readonly total?: number
}) {
  return (
    <div class="progress">
      <p>
        <span>{label}</span>
        <span class="muted">
          {formatCount(count)}
          {total !== undefined && ` of ${formatCount(total)}`}
        </span>
      </p>
      <progress
        aria-label={label}
        value={total === undefined ? undefined : Math.min(count, total)}
        max={total}
      />
    </div>
  )
}

const NODES_SHOWN = 12

/** What would happen. */
export function PreviewReport({
  summary,
  isOver,
}: {
  readonly summary: BulkSummary
  readonly isOver: boolean
}) {
  const { done, again, goesOn, children, problem } = summary
  return (
    <div class="report" role="status">
      {problem && <ProblemBox problem={problem} />}
      {(done.length > 0 || isOver) && (
        <p>
          <strong>{counted(done.length, 'run')}</strong> can be redriven
          {children > 0 && <>, with {counted(children, 'child run')}</>}.
        </p>
      )}
      <Nodes title="Runs again, with all that follows from it" nodes={again} />
      <Nodes title="Goes on" nodes={goesOn} />
      <Refused summary={summary} title="cannot be" />
    </div>
  )
}

/** What has happened. */
export function ResultReport({
  summary,
  past,
  left,
}: {
  readonly summary: BulkSummary
  readonly past: string
  /** Runs that were not tried, since it was stopped. */
  readonly left: number
}) {
  const { done, problem } = summary
  return (
    <div class="report" role="status">
      {problem && <ProblemBox problem={problem} />}
      <p>
        <strong>{counted(done.length, 'run')}</strong> {past}.
        {left > 0 && ` ${counted(left, 'run')} not tried.`}
      </p>
      <Refused summary={summary} title={`not ${past}`} />
    </div>
  )
}

function Nodes({ title, nodes }: { readonly title: string; readonly nodes: BulkSummary['again'] }) {
  if (nodes.length === 0) return null
  return (
    <div>
      <h3>{title}</h3>
      <ul class="node-counts">
        {nodes.slice(0, NODES_SHOWN).map(([nodeId, runs]) => (
          <li key={nodeId}>
            <code>{nodeId}</code> <span class="muted">in {counted(runs, 'run')}</span>
          </li>
        ))}
        {nodes.length > NODES_SHOWN && <li class="muted">and {nodes.length - NODES_SHOWN} nodes more</li>}
      </ul>
    </div>
  )
}

function Refused({ summary, title }: { readonly summary: BulkSummary; readonly title: string }) {
  const { refused, refusedCount } = summary
  if (refusedCount === 0) return null
  return (
    <div>
      <h3>
        {counted(refusedCount, 'run')} {title}
      </h3>
      <ul class="refusals">
        {refused.map(({ problem, count, examples }) => (
          <li key={problem.code}>
            <p>
              <code>{problem.code}</code> <span class="muted">{counted(count, 'run')}</span>
            </p>
            <p class="refusal-text">{problem.message}</p>
            <p class="small">
              {examples.map((runId) => (
                <a key={runId} class="mono" href={runHref(runId)}>
                  {runId}
                </a>
              ))}
            </p>
          </li>
        ))}
      </ul>
    </div>
  )
}
