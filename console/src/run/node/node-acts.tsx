/** What can be done to a node: the actions that its wait can be answered with, and what takes the run up at it. */
import type { NodeProgressView, RunView } from '../../../../lib/console/views.ts'
import { isWritable } from '../../service.ts'
import { Button } from '../../ui/button.tsx'
import { ACTS } from '../acts/act-words.ts'
import { actionsOf, nodeActs, waitsForEvent } from '../acts/available.ts'
import type { RunModel } from '../run-model.ts'

export interface NodeActsProps {
  readonly model: RunModel
  readonly run: RunView
  readonly progress: NodeProgressView
}

export function NodeActs({ model, run, progress }: NodeActsProps) {
  if (!isWritable()) return null
  const { nodeId } = progress
  const { actions, hasPlain } = actionsOf(model.graph.value, nodeId)
  const answers = waitsForEvent(progress) ? actions : []
  const acts = nodeActs(run, progress).filter((kind) => kind !== 'resume' || answers.length === 0 || hasPlain)
  if (acts.length + answers.length === 0) return null
  return (
    <div class="node-acts" role="group" aria-label={`What can be done to ${nodeId}`}>
      {answers.map((action, index) => (
        <Button
          key={`action ${action}`}
          kind={index === 0 ? 'primary' : 'plain'}
          onClick={() => (model.act.value = { kind: 'resume', nodeId, action })}
        >
          {action}
        </Button>
      ))}
      {acts.map((kind) => (
        <Button key={kind} icon={ACTS[kind].icon} onClick={() => (model.act.value = { kind, nodeId })}>
          {wordsOf(kind)}
        </Button>
      ))}
    </div>
  )
}

function wordsOf(kind: keyof typeof ACTS): string {
  return kind === 'redrive' || kind === 'fork' ? `${ACTS[kind].text} from here` : ACTS[kind].text
}
