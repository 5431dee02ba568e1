/** What was wrong with a node, with causes and stacks. */
import type { ErrorView } from '../../../../lib/console/views.ts'
import { counted } from '../../format.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { At } from '../../ui/time.tsx'
import { errorText } from './error-text.ts'

export interface NodeErrorsProps {
  readonly errors: readonly ErrorView[]
  /** As many are there that are not given. */
  readonly more: number
}

const OPEN = 3

export function NodeErrors({ errors, more }: NodeErrorsProps) {
  if (errors.length === 0) return null
  const [shown, folded] = [errors.slice(0, OPEN), errors.slice(OPEN)]
  return (
    <section class="pane-part">
      <h3>{errors.length === 1 ? 'Error' : counted(errors.length + more, 'error')}</h3>
      {shown.map((error, index) => (
        <OneError key={index} error={error} />
      ))}
      {folded.length > 0 && (
        <details>
          <summary>{`${folded.length} more`}</summary>
          {folded.map((error, index) => (
            <OneError key={index} error={error} />
          ))}
        </details>
      )}
      {more > 0 && <p class="muted">{`${counted(more, 'error')} more are in the run.`}</p>}
    </section>
  )
}

function OneError({ error }: { readonly error: ErrorView }) {
  const { item, at } = error
  return (
    <div class="node-error">
      <div class="node-error-head">
        <p>
          {item !== undefined && <span class="tag">{`item ${item}`}</span>}
          <Message error={error} />
        </p>
        <CopyButton text={() => errorText(error)} what="the error" />
      </div>
      {at !== undefined && (
        <p class="small muted">
          <At at={at} />
        </p>
      )}
      <Stack error={error} />
      {error.cause && <Cause error={error.cause} />}
    </div>
  )
}

function Cause({ error }: { readonly error: ErrorView }) {
  return (
    <div class="node-cause">
      <p>
        <span class="muted">caused by </span>
        <Message error={error} />
      </p>
      <Stack error={error} />
      {error.cause && <Cause error={error.cause} />}
    </div>
  )
}

function Message({ error: { name, message } }: { readonly error: ErrorView }) {
  return (
    <>
      {name !== undefined && <code class="failed-text">{`${name}: `}</code>}
      <span class="node-message">{message}</span>
    </>
  )
}

function Stack({ error: { stack } }: { readonly error: ErrorView }) {
  if (!stack) return null
  return (
    <details>
      <summary>Stack</summary>
      <pre tabIndex={0}>{stack}</pre>
    </details>
  )
}
