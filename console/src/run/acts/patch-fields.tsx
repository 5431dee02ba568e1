/** Context keys that are to have other values; the ones that they have now are offered. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { TextAreaField, TextField } from '../../ui/field.tsx'
import { useData } from '../../ui/use-data.ts'
import { type Patch, patchProblem } from './parse.ts'

export interface PatchFieldsProps {
  readonly runId: string
  readonly patches: readonly Patch[]
  readonly onChange: (patches: readonly Patch[]) => void
}

export function PatchFields(props: PatchFieldsProps) {
  const { patches, onChange } = props
  return (
    <fieldset class="patches">
      <legend>Context</legend>
      {patches.length > 0 && <Rows {...props} />}
      <div>
        <Button kind="quiet" icon="plus" onClick={() => onChange([...patches, { key: '', text: '' }])}>
          Set a key
        </Button>
      </div>
    </fieldset>
  )
}

/** The context is read once somebody wants to change it. */
function Rows({ runId, patches, onChange }: PatchFieldsProps) {
  const { value } = useData(`${runId} context`, (signal) => api.context(runId, signal))
  const [touched, setTouched] = useState<ReadonlySet<number>>(new Set())
  // The engine's own are not for people to set.
  const keys = (value?.keys ?? []).filter(({ key }) => !key.startsWith('_'))
  const valueOf = (key: string) => {
    const found = keys.find((one) => one.key === key)
    return found && 'value' in found ? JSON.stringify(found.value, null, 2) : undefined
  }
  const set = (index: number, patch: Patch) => onChange(patches.with(index, patch))
  const setKey = (index: number, key: string) => {
    const { text = '' } = patches[index] ?? {}
    set(index, { key, text: touched.has(index) ? text : (valueOf(key) ?? text) })
  }
  return (
    <>
      {patches.map((patch, index) => (
        <div class="patch" key={index}>
          <TextField
            label="Key"
            isMono
            list={keys.map(({ key }) => key)}
            value={patch.key}
            onInput={(key) => setKey(index, key)}
          />
          <TextAreaField
            label="Value"
            isMono
            rows={Math.min(8, Math.max(1, patch.text.split('\n').length))}
            error={patchProblem(patch)}
            value={patch.text}
            onInput={(text) => {
              setTouched(new Set(touched).add(index))
              set(index, { ...patch, text })
            }}
          />
          <IconButton
            icon="trash"
            label={`Do not set ${patch.key || 'this key'}`}
            onClick={() => {
              setTouched(new Set())
              onChange(patches.toSpliced(index, 1))
            }}
          />
        </div>
      ))}
    </>
  )
}
