/** What a run is and how it stands, and what can be done to it. */
import type { RunView } from '../../../../lib/console/views.ts'
import { isWritable, service } from '../../service.ts'
import { blueprintHref } from '../../router.ts'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { StatusChip } from '../../ui/status-chip.tsx'
import { runActs } from '../acts/available.ts'
import { ACTS } from '../acts/act-words.ts'
import type { RunModel } from '../run-model.ts'
import { ShareMenu } from '../share/share-menu.tsx'
import { RunFacts } from './run-facts.tsx'
import { RunNotices } from './run-notices.tsx'

export interface RunHeaderProps {
  readonly model: RunModel
  readonly run: RunView
}

export function RunHeader({ model, run }: RunHeaderProps) {
  const { runId, blueprintId, status } = run
  return (
    <header class="run-head">
      <div class="run-title">
        <Blueprint id={blueprintId} />
        <span class="run-slash" aria-hidden="true">
          /
        </span>
        <h1 title={runId}>{runId}</h1>
        <CopyButton text={runId} what="the run’s id" />
        <StatusChip state={status} />
        {model.isLive.value && <Live isTroubled={model.trouble.value !== undefined} />}
        <div class="run-acts">
          {isWritable() &&
            runActs(run).map((kind, index) => (
              <Button
                key={kind}
                kind={index === 0 && isAnswer(kind) ? 'primary' : 'plain'}
                icon={ACTS[kind].icon}
                onClick={() => (model.act.value = { kind })}
              >
                {ACTS[kind].text}
              </Button>
            ))}
          <ShareMenu model={model} run={run} />
        </div>
      </div>
      <RunFacts run={run} />
      <RunNotices model={model} run={run} />
    </header>
  )
}

function Blueprint({ id }: { readonly id: string }) {
  if (service.value?.kind === 'file') return <span class="run-title-blueprint">{id}</span>
  return (
    <a class="run-title-blueprint" href={blueprintHref(id)}>
      {id}
    </a>
  )
}

/** What a run that stands still asks for. */
function isAnswer(kind: string): boolean {
  return kind === 'resume' || kind === 'redrive' || kind === 'unpause'
}

function Live({ isTroubled }: { readonly isTroubled: boolean }) {
  return (
    <span class="run-live" data-troubled={isTroubled || undefined}>
      {isTroubled ? 'not connected' : 'live'}
    </span>
  )
}
