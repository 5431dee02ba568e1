/** Starts another run in the state that this one had before a node. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import type { ForkRequest } from '../../requests.ts'
import { navigate } from '../../router.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ActProps } from './act-dialog.tsx'
import { AgainPreview } from './again-preview.tsx'
import { NodePicker, pickable } from './node-picker.tsx'
import { type Patch, patched } from './parse.ts'
import { PatchFields } from './patch-fields.tsx'
import { usePreview } from './use-preview.ts'

export function ForkDialog({ run, act, onClose }: ActProps) {
  const { runId, status } = run
  const [nodes, setNodes] = useState<ReadonlySet<string>>(
    new Set(act.nodeId === undefined ? [] : [act.nodeId]),
  )
  const [patches, setPatches] = useState<readonly Patch[]>([])
  const [newId, setNewId] = useState('')
  const set = patched(patches)
  // A completed run has nothing that would run again by itself.
  const isAsked = set.error === undefined && (nodes.size > 0 || status !== 'completed')
  const request: ForkRequest = {
    ...(nodes.size > 0 ? { nodes: [...nodes] } : {}),
    ...(set.value ? { set: set.value } : {}),
    ...(newId.trim() === '' ? {} : { runId: newId.trim() }),
  }
  const preview = usePreview(isAsked ? request : undefined, () =>
    api.fork(runId, { ...request, dryRun: true }),
  )
  return (
    <ActionDialog
      title="Fork this run"
      submit="Fork"
      isWide
      isDisabled={!isAsked || preview.value === undefined}
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const fork = await api.fork(runId, { ...request, ...reasoned })
        toast(`Forked: ${fork.runId} runs.`)
        navigate({ screen: 'run', runId: fork.runId })
      }}
    >
      <p>
        Another run begins in the state that this one had before the nodes that you choose. This one stays as
        it is.
      </p>
      <NodePicker nodes={pickable(run.progress)} hint={hintOf(status)} chosen={nodes} onChange={setNodes} />
      <PatchFields runId={runId} patches={patches} onChange={setPatches} />
      <TextField label="Id of the new run" isOptional isMono value={newId} onInput={setNewId} />
      {isAsked && <AgainPreview preview={preview} />}
    </ActionDialog>
  )
}

function hintOf(status: ActProps['run']['status']): string {
  if (status === 'completed') return 'Choose where it begins. What follows from a node runs again with it.'
  return status === 'cancelled'
    ? 'None chosen: what was active begins anew.'
    : 'None chosen: all that failed. What follows from a node runs again with it.'
}
