import { TextAreaField, TextField } from '../../ui/field.tsx'
import type { ReadOptions, StartOptions } from './request.ts'

export interface StartOptionsProps {
  readonly options: StartOptions
  readonly errors: ReadOptions['errors']
  readonly onChange: (options: StartOptions) => void
}

/** What is the same for each blueprint. */
export function StartOptionsFields({ options, errors, onChange }: StartOptionsProps) {
  const change = (name: keyof StartOptions) => (value: string) => onChange({ ...options, [name]: value })
  return (
    <div class="schema-fields">
      <TextField
        label="Run id"
        isOptional
        isMono
        hint="Starting twice with one id starts one run; a random one where it is left out."
        value={options.runId}
        error={errors.runId}
        onInput={change('runId')}
      />
      <TextAreaField
        label="Labels"
        isOptional
        isMono
        rows={2}
        hint="One a line, as name=value: by these the run is found."
        value={options.labels}
        error={errors.labels}
        onInput={change('labels')}
      />
      <div class="field-row">
        <TextField
          label="Begins in"
          isOptional
          placeholder="at once"
          hint="90s, 15m, 2h, 1d 12h"
          value={options.delay}
          error={errors.delay}
          onInput={change('delay')}
        />
        <TextField
          label="US dollars at most"
          isOptional
          isDecimal
          hint="Once it has cost more, it fails, or pauses."
          value={options.maxUsd}
          error={errors.maxUsd}
          onInput={change('maxUsd')}
        />
      </div>
    </div>
  )
}
