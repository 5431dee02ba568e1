/** Starting a run: which blueprint, then its input. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { knownBlueprints } from '../../known-blueprints.ts'
import { href, navigate } from '../../router.ts'
import { GraphPicture } from '../../run/graph/graph-picture.tsx'
import { isWritable } from '../../service.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { TextField } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { useData } from '../../ui/use-data.ts'
import { StartForm } from './start-form.tsx'

export function StartScreen({ blueprintId }: { readonly blueprintId: string | undefined }) {
  if (!isWritable())
    return (
      <Page title="Start a run">
        <Empty title="This console may start nothing">
          <p>It was started read-only.</p>
        </Empty>
      </Page>
    )
  return blueprintId === undefined ? (
    <ChooseBlueprint />
  ) : (
    <StartOf key={blueprintId} blueprintId={blueprintId} />
  )
}

function ChooseBlueprint() {
  const known = knownBlueprints().value
  const [typed, setTyped] = useState('')
  return (
    <Page title="Start a run">
      <section class="panel start-choose">
        <h2>Of which blueprint?</h2>
        {known.length > 0 && (
          <ul class="choices">
            {known.map((blueprintId) => (
              <li key={blueprintId}>
                <a href={href({ screen: 'start', blueprintId })}>{blueprintId}</a>
              </li>
            ))}
          </ul>
        )}
        <form
          class="inline-form"
          onSubmit={(event) => {
            event.preventDefault()
            if (typed.trim()) navigate({ screen: 'start', blueprintId: typed.trim() })
          }}
        >
          <TextField label="Another one, by its id" isMono value={typed} onInput={setTyped} />
          <Button type="submit">Go on</Button>
        </form>
      </section>
    </Page>
  )
}

function StartOf({ blueprintId }: { readonly blueprintId: string }) {
  const { value, problem } = useData(`blueprint ${blueprintId}`, (signal) =>
    api.blueprint(blueprintId, signal),
  )
  return (
    <Page title={`Start ${blueprintId}`}>
      {!value && !problem && <Loading what="Asking what it takes" />}
      {/* What nobody knows of may be started all the same: its worker may be deployed later. */}
      {problem && <ProblemBox problem={problem} />}
      {(value ?? problem) && (
        <div class="start-parts">
          <StartForm blueprintId={blueprintId} schema={value?.inputSchema} />
          {value?.graph && (
            <section class="panel start-graph" aria-label="Graph">
              <GraphPicture graph={value.graph} />
            </section>
          )}
        </div>
      )}
    </Page>
  )
}
