/** What runs again, before anybody says yes. */
import { Loading } from '../../ui/empty.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import type { Preview } from './use-preview.ts'

export interface Again {
  readonly again: readonly string[]
  readonly goesOn?: readonly string[]
  readonly children?: readonly string[]
}

export function AgainPreview({ preview }: { readonly preview: Preview<Again> }) {
  const { value, problem, isLoading } = preview
  return (
    <section class="preview" aria-label="What would happen" aria-busy={isLoading} aria-live="polite">
      <h3>What it does</h3>
      {problem && <ProblemBox problem={problem} />}
      {value ? <Listed {...value} /> : !problem && <Loading what="Asking" />}
    </section>
  )
}

function Listed({ again, goesOn = [], children = [] }: Again) {
  if (again.length + goesOn.length + children.length === 0)
    return <p>The run begins, or goes on where it was.</p>
  return (
    <dl class="pairs">
      <Names name="Runs again" ids={again} />
      <Names name="Goes on" ids={goesOn} />
      <Names name="Child runs redriven" ids={children} />
    </dl>
  )
}

function Names({ name, ids }: { readonly name: string; readonly ids: readonly string[] }) {
  if (ids.length === 0) return null
  return (
    <>
      <dt>{name}</dt>
      <dd class="ids">
        {ids.map((id) => (
          <code class="tag" key={id} title={id}>
            {id}
          </code>
        ))}
      </dd>
    </>
  )
}
