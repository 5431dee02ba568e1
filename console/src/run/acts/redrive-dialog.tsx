/** Takes a run up again: which nodes, with which values; what that would run again stands there before. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import type { RedriveRequest } from '../../requests.ts'
import { counted, formatUsd } from '../../format.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ActProps } from './act-dialog.tsx'
import { AgainPreview } from './again-preview.tsx'
import { NodePicker, pickable } from './node-picker.tsx'
import { dollars, type Patch, patched } from './parse.ts'
import { PatchFields } from './patch-fields.tsx'
import { usePreview } from './use-preview.ts'

export function RedriveDialog({ run, act, onClose, onDone }: ActProps) {
  const { runId, budget, status } = run
  const [nodes, setNodes] = useState<ReadonlySet<string>>(
    new Set(act.nodeId === undefined ? [] : [act.nodeId]),
  )
  const [patches, setPatches] = useState<readonly Patch[]>([])
  const [maxUsd, setMaxUsd] = useState('')
  const set = patched(patches)
  const max = dollars(maxUsd)
  const isWrong = set.error !== undefined || max.error !== undefined
  const request: RedriveRequest = {
    ...(nodes.size > 0 ? { nodes: [...nodes] } : {}),
    ...(set.value ? { set: set.value } : {}),
    ...(max.value === undefined ? {} : { maxUsd: max.value }),
  }
  const preview = usePreview(isWrong ? undefined : request, () =>
    api.redrive(runId, { ...request, dryRun: true }),
  )
  return (
    <ActionDialog
      title="Redrive this run"
      submit="Redrive"
      isWide
      isDisabled={isWrong || preview.value === undefined}
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const { again, goesOn } = await api.redrive(runId, { ...request, ...reasoned })
        toast(`Redriven: ${counted(again.length + goesOn.length, 'node runs', 'nodes run')} now.`)
        onDone()
      }}
    >
      <NodePicker
        nodes={pickable(run.progress)}
        hint={
          status === 'cancelled'
            ? 'None chosen: what was active goes on.'
            : 'None chosen: all that failed. What follows from a node runs again with it.'
        }
        chosen={nodes}
        onChange={setNodes}
      />
      <PatchFields runId={runId} patches={patches} onChange={setPatches} />
      {budget && (
        <TextField
          label="Budget in US dollars"
          isOptional
          hint={`now ${formatUsd(budget.maxUsd)}`}
          error={max.error}
          value={maxUsd}
          onInput={setMaxUsd}
        />
      )}
      <AgainPreview preview={preview} />
    </ActionDialog>
  )
}
