/** A run in words: what became of its nodes, what was done to it and by whom. */
import type { NodeStateView, OperationView, RunView } from '../../../../lib/console/views.ts'
import { counted, formatInstant, formatUsd } from '../../format.ts'
import { href } from '../../router.ts'
import { service } from '../../service.ts'
import { StatusChip } from '../../ui/status-chip.tsx'
import { Ago } from '../../ui/time.tsx'
import type { Facts, Attempt } from '../facts.ts'

export interface RunSummaryProps {
  readonly run: RunView
  readonly facts: Facts
  readonly onSelect: (nodeId: string | undefined) => void
}

const ORDER: readonly NodeStateView[] = ['failed', 'active', 'waiting', 'completed', 'notRun']
const LISTED = 40

export function RunSummary({ run, facts, onSelect }: RunSummaryProps) {
  const { operations = [], budget, startedAt, startsAt, endedAt } = run
  return (
    <>
      <h2 class="visually-hidden">The run</h2>
      {ORDER.map((state) => (
        <NodesIn key={state} {...{ state, run, facts, onSelect }} />
      ))}
      <section class="pane-part">
        <h3>Times</h3>
        <dl class="pairs">
          <dt>{startsAt === undefined ? 'Started' : 'Accepted'}</dt>
          <dd>{formatInstant(startedAt)}</dd>
          {startsAt !== undefined && (
            <>
              <dt>Starts</dt>
              <dd>{formatInstant(startsAt)}</dd>
            </>
          )}
          {endedAt !== undefined && (
            <>
              <dt>Ended</dt>
              <dd>{formatInstant(endedAt)}</dd>
            </>
          )}
          {budget && (
            <>
              <dt>Budget</dt>
              <dd>{`${formatUsd(budget.maxUsd)}, then it ${budget.onBudget === 'fail' ? 'fails' : 'pauses'}`}</dd>
            </>
          )}
        </dl>
      </section>
      {operations.length > 0 && (
        <section class="pane-part">
          <h3>What was done to it</h3>
          <ol class="operations">
            {operations.toReversed().map((operation, index) => (
              <Operation key={index} operation={operation} />
            ))}
          </ol>
        </section>
      )}
      {service.value?.kind !== 'file' && <Relatives runId={run.runId} />}
    </>
  )
}

function NodesIn({ state, run, facts, onSelect }: RunSummaryProps & { readonly state: NodeStateView }) {
  const nodes = run.progress.filter((one) => one.state === state)
  if (nodes.length === 0) return null
  // Without a history a run knows what its nodes failed with all the same.
  const errorOf = (nodeId: string) => {
    const known = facts.get(nodeId)
    return (
      known?.attempts.at(-1)?.error ??
      known?.itemError ??
      run.errors?.find((error) => error.nodeId === nodeId)
    )
  }
  const isListed = state !== 'completed' && state !== 'notRun'
  return (
    <section class="pane-part states">
      <h3>
        <StatusChip state={state} />
        <span class="part-note">{counted(nodes.length, 'node')}</span>
      </h3>
      {isListed && (
        <ul>
          {nodes.slice(0, LISTED).map(({ nodeId }) => (
            <li key={nodeId}>
              <button type="button" class="link mono" onClick={() => onSelect(nodeId)}>
                {nodeId}
              </button>
              {state === 'failed' && <FirstWords error={errorOf(nodeId)} />}
            </li>
          ))}
          {nodes.length > LISTED && <li class="muted">{`and ${nodes.length - LISTED} more`}</li>}
        </ul>
      )}
    </section>
  )
}

/** The begin of an error; the node has all of it. */
function FirstWords({ error }: { readonly error: Attempt['error'] }) {
  if (!error) return null
  return <p class="first-words">{[error.name, error.message].filter(Boolean).join(': ')}</p>
}

function Operation({
  operation: { kind, at, by, reason, nodes, keys },
}: {
  readonly operation: OperationView
}) {
  return (
    <li>
      <p>
        <strong>{kind}</strong>
        {by !== undefined && ` by ${by}`}
        <span class="muted">
          {', '}
          <Ago at={at} />
        </span>
      </p>
      {reason !== undefined && <p>{reason}</p>}
      {nodes && nodes.length > 0 && <p class="muted">{`nodes: ${nodes.join(', ')}`}</p>}
      {keys && keys.length > 0 && <p class="muted">{`set: ${keys.join(', ')}`}</p>}
    </li>
  )
}

function Relatives({ runId }: { readonly runId: string }) {
  return (
    <p class="relatives">
      <a href={href({ screen: 'runs', query: { parent: [runId] } })}>Its child runs</a>
      <a href={href({ screen: 'runs', query: { forkedFrom: [runId] } })}>Its forks</a>
    </p>
  )
}
