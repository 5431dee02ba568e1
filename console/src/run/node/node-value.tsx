/** The input or the output of a node. */
import type { ValueView } from '../../../../lib/console/views.ts'
import { formatBytes } from '../../format.ts'
import { Button } from '../../ui/button.tsx'
import { JsonTree } from '../../ui/json-tree.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { useFetched } from './use-fetched.ts'

export interface NodeValueProps {
  /** 'Input', say. */
  readonly name: string
  readonly runId: string
  /** The context key under which it is. */
  readonly valueKey: string
  /** Undefined where there is none. */
  readonly value: ValueView | undefined
}

export function NodeValue({ name, runId, valueKey, value: given }: NodeValueProps) {
  const { fetched, problem, isLoading, fetch } = useFetched(runId, valueKey, given)
  const value = fetched ?? given
  if (!value) return null
  return (
    <section class="pane-part">
      <h3>
        {name}
        {'bytes' in value && <span class="part-note">{formatBytes(value.bytes)}</span>}
      </h3>
      {'value' in value && <JsonTree value={value.value} label={name.toLowerCase()} maxHeight={320} />}
      {'folded' in value && (
        <Button icon="download" isBusy={isLoading} onClick={() => void fetch()}>
          {`Show ${formatBytes(value.bytes)}`}
        </Button>
      )}
      {'lost' in value && <p class="failed-text">{`It cannot be read any more: ${value.lost}`}</p>}
      {problem && <ProblemBox problem={problem} />}
    </section>
  )
}
