/** Age, cost, labels and relatives of a run, in one line. */
import type { ComponentChildren } from 'preact'
import type { RunView } from '../../../../lib/console/views.ts'
import { formatUsd } from '../../format.ts'
import { href, runHref } from '../../router.ts'
import { service } from '../../service.ts'
import { Ago, Duration } from '../../ui/time.tsx'

export function RunFacts({ run }: { readonly run: RunView }) {
  const { startedAt, startsAt, endedAt, cost, budget, redrives, labels, parent, forkedFrom } = run
  const begins = startsAt ?? startedAt
  const isDelayed = startsAt !== undefined && run.progress.length === 0 && endedAt === undefined
  return (
    <dl class="run-facts">
      <Fact name={isDelayed ? 'Starts' : 'Started'}>
        <Ago at={begins} />
      </Fact>
      {!isDelayed && (
        <Fact name={endedAt === undefined ? 'Age' : 'Took'}>
          <Duration from={begins} to={endedAt} />
        </Fact>
      )}
      {(cost || budget) && (
        <Fact name="Cost">
          {cost ? formatUsd(cost.usd) : '–'}
          {budget && <span class="muted">{` of ${formatUsd(budget.maxUsd)}`}</span>}
        </Fact>
      )}
      {redrives !== undefined && redrives > 0 && <Fact name="Redriven">{`${redrives} ×`}</Fact>}
      {parent && (
        <Fact name="Child of">
          <RunLink runId={parent.runId} nodeId={parent.nodeId} />
        </Fact>
      )}
      {forkedFrom && (
        <Fact name="Forked from">
          <RunLink runId={forkedFrom.runId} />
        </Fact>
      )}
      {labels && Object.keys(labels).length > 0 && (
        <Fact name="Labels">
          <Labels labels={labels} />
        </Fact>
      )}
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class="run-fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function RunLink({ runId, nodeId }: { readonly runId: string; readonly nodeId?: string }) {
  if (service.value?.kind === 'file') return <code>{runId}</code>
  return (
    <a class="mono ellipsis" href={runHref(runId, nodeId)} title={runId}>
      {runId}
    </a>
  )
}

function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  return (
    <>
      {Object.entries(labels).map(([name, value]) => {
        const text = `${name}=${value}`
        const to = href({ screen: 'runs', query: { label: [text] } })
        return service.value?.kind === 'file' ? (
          <span class="tag" key={name} title={text}>
            {text}
          </span>
        ) : (
          <a class="tag" key={name} href={to} title={`Runs with ${text}`}>
            {text}
          </a>
        )
      })}
    </>
  )
}
