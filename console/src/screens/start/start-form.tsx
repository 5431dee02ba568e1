import { useMemo, useRef, useState } from 'preact/hooks'
import type { Json } from '../../../../lib/console/json.ts'
import type { ProblemView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { problemOf } from '../../problem.ts'
import { navigate } from '../../router.ts'
import { SchemaField } from '../../schema-form/schema-form.tsx'
import { formOf, type FieldSpec } from '../../schema-form/schema.ts'
import { Button } from '../../ui/button.tsx'
import { TextAreaField } from '../../ui/field.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { toast } from '../../ui/toast.tsx'
import { initialEditor, readEditor, toForm, toJson, type InputEditor } from './input-editor.ts'
import { NO_OPTIONS, readOptions } from './request.ts'
import { StartOptionsFields } from './start-options.tsx'

export interface StartFormProps {
  readonly blueprintId: string
  /** Of the input; absent: it is given as JSON. */
  readonly schema: Json | undefined
}

export function StartForm({ blueprintId, schema }: StartFormProps) {
  const field = useMemo(() => formOf(schema), [schema])
  const [editor, setEditor] = useState(() => initialEditor(field))
  const [options, setOptions] = useState(NO_OPTIONS)
  const [isTried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const input = readEditor(field, editor)
  const more = readOptions(options)
  const isWrong = input.errors.size > 0 || Object.keys(more.errors).length > 0
  const { problem, isBusy, start } = useStart()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    setTried(true)
    if (isWrong) focusFirstWrong(form)
    else void start({ blueprintId, input: input.value, ...more.request })
  }
  return (
    <form ref={form} class="start-form" noValidate onSubmit={submit}>
      <section class="panel">
        <InputFields
          field={field}
          editor={editor}
          errors={isTried ? input.errors : NO_ERRORS}
          onChange={setEditor}
        />
      </section>
      <section class="panel">
        <h2>The run</h2>
        <StartOptionsFields options={options} errors={isTried ? more.errors : {}} onChange={setOptions} />
      </section>
      {problem && <ProblemBox problem={problem} />}
      <div class="form-end">
        <Button type="submit" kind="primary" icon="play" isBusy={isBusy}>
          Start
        </Button>
        {isTried && isWrong && <span role="status">Something is not filled in, or not right.</span>}
      </div>
    </form>
  )
}

const NO_ERRORS: ReadonlyMap<string, string> = new Map()

/** Once the errors are on the page. */
function focusFirstWrong(form: { readonly current: HTMLFormElement | null }): void {
  setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
}

function useStart() {
  const [problem, setProblem] = useState<ProblemView>()
  const [isBusy, setBusy] = useState(false)
  const start = async (request: Parameters<typeof api.start>[0]) => {
    if (isBusy) return
    setBusy(true)
    setProblem(undefined)
    try {
      const { runId, created } = await api.start(request)
      toast(created ? `Run ${runId} is started.` : `Run ${runId} was there already, with the same input.`)
      navigate({ screen: 'run', runId })
    } catch (error) {
      setProblem(problemOf(error))
      setBusy(false)
    }
  }
  return { problem, isBusy, start }
}

interface InputFieldsProps {
  readonly field: FieldSpec
  readonly editor: InputEditor
  readonly errors: ReadonlyMap<string, string>
  readonly onChange: (editor: InputEditor) => void
}

function InputFields({ field, editor, errors, onChange }: InputFieldsProps) {
  const hasForm = field.kind !== 'json'
  const isForm = editor.mode === 'form'
  return (
    <>
      <header class="panel-head">
        <h2>Input</h2>
        {hasForm && (
          <div role="group" aria-label="Input as" class="switch">
            <Button isPressed={isForm} onClick={() => onChange(toForm(field, editor))}>
              Form
            </Button>
            <Button isPressed={!isForm} onClick={() => onChange(toJson(field, editor))}>
              JSON
            </Button>
          </div>
        )}
      </header>
      {editor.mode === 'form' ? (
        <SchemaField
          field={field}
          draft={editor.draft}
          path=""
          isRequired
          errors={errors}
          onChange={(draft) => onChange({ mode: 'form', draft })}
        />
      ) : (
        <TextAreaField
          label="Input as JSON"
          isMono
          rows={14}
          value={editor.text}
          hint={
            editor.note ?? (hasForm ? undefined : 'Its blueprint has no schema that the page could show.')
          }
          error={errors.get('')}
          onInput={(text) => onChange({ mode: 'json', text })}
        />
      )}
    </>
  )
}
