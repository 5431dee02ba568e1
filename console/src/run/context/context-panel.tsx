/** The context of a run as a tree; what is large is fetched when somebody asks for it. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Json } from '../../../../lib/console/json.ts'
import type { ContextView, RunView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted, formatBytes } from '../../format.ts'
import { problemOf } from '../../problem.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { JsonTree, type LaterValue } from '../../ui/json-tree.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { toast } from '../../ui/toast.tsx'
import { useData } from '../../ui/use-data.ts'
import { isOver, type RunModel } from '../run-model.ts'

export interface ContextPanelProps {
  readonly model: RunModel
  readonly run: RunView
}

export function ContextPanel({ run }: ContextPanelProps) {
  const { runId } = run
  const { value, problem, isLoading, reload } = useData(`${runId} context`, (signal) =>
    api.context(runId, signal),
  )
  const { fetched, loading, fetch } = useFolded(runId, value)
  useReloadAtEnd(run, reload)
  const tree = useMemo(() => treeOf(value, fetched), [value, fetched])
  if (problem && !value) return <ProblemBox problem={problem} onRetry={reload} />
  if (!value) return <Loading what="Reading the context" />
  if (value.keys.length === 0) return <Empty title="The context is empty." />
  const folded = value.keys.filter((one) => 'folded' in one && !fetched.has(one.key))
  const fetchAll = async () => {
    // One after the other: together they may be more than the page can hold at once.
    for (const { key } of folded) await fetch(key)
  }
  const later = value.keys.flatMap((one): LaterValue[] => {
    if ('lost' in one) return [{ name: one.key, text: `cannot be read any more: ${one.lost}` }]
    if (!('folded' in one) || fetched.has(one.key)) return []
    return [
      {
        name: one.key,
        text: formatBytes(one.bytes),
        onLoad: () => void fetch(one.key),
        isLoading: loading.has(one.key),
      },
    ]
  })
  return (
    <section class="context-panel" aria-label="Context">
      {!isOver(run) && (
        <Button kind="quiet" icon="again" isBusy={isLoading} onClick={reload}>
          Read again
        </Button>
      )}
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {folded.length > 0 && (
        <p class="context-folded">
          {`${counted(folded.length, 'large value')} ${folded.length === 1 ? 'is' : 'are'} not read yet, nor copied.`}
          <Button kind="quiet" isBusy={loading.size > 0} onClick={() => void fetchAll()}>
            Read all
          </Button>
        </p>
      )}
      <JsonTree value={tree} label="context" hasTools maxHeight={640} later={later} openDepth={1} />
    </section>
  )
}

function treeOf(view: ContextView | undefined, fetched: ReadonlyMap<string, Json>): Json {
  const entries = (view?.keys ?? []).flatMap((one): [string, Json][] => {
    const known = fetched.get(one.key)
    if (known !== undefined) return [[one.key, known]]
    return 'value' in one ? [[one.key, one.value]] : []
  })
  return Object.fromEntries(entries)
}

function useFolded(runId: string, view: ContextView | undefined) {
  const [fetched, setFetched] = useState<ReadonlyMap<string, Json>>(new Map())
  const [loading, setLoading] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => setFetched(new Map()), [view])
  const fetch = async (key: string) => {
    setLoading((known) => new Set(known).add(key))
    try {
      const value = await api.value(runId, key)
      if ('value' in value) setFetched((known) => new Map(known).set(key, value.value))
      else if ('lost' in value) toast(`${key} cannot be read any more: ${value.lost}`)
    } catch (error) {
      toast(problemOf(error).message)
    } finally {
      setLoading((known) => new Set([...known].filter((one) => one !== key)))
    }
  }
  return { fetched, loading, fetch }
}

/** While a run goes on its context is read when somebody asks: it may be large. */
function useReloadAtEnd(run: RunView, reload: () => void): void {
  const ended = isOver(run) ? `${run.endedAt}` : ''
  const before = useRef(ended)
  useEffect(() => {
    if (before.current === ended) return
    before.current = ended
    if (ended) reload()
  }, [ended, reload])
}
