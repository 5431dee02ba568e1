/** What failed, by error: the first screen of an incident. A group is redriven at once, after a preview. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { FailureGroupView, FailuresView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted } from '../../format.ts'
import { problemOf } from '../../problem.ts'
import { navigate, type RouteQuery } from '../../router.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, Loading } from '../../ui/empty.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemBox } from '../../ui/problem-box.tsx'
import { toast } from '../../ui/toast.tsx'
import { useData } from '../../ui/use-data.ts'
import { BlueprintSelect } from '../runs/filter-bar.tsx'
import { timeOf } from '../runs/filters.ts'
import { FailureGroup } from './failure-group.tsx'
import { keyOfGroup, merged } from './groups.ts'
import { RedriveGroup } from './redrive-group.tsx'

const SINCE = [
  { value: '1h', text: 'Last hour' },
  { value: '24h', text: 'Last 24 hours' },
  { value: '7d', text: 'Last 7 days' },
  { value: '30d', text: 'Last 30 days' },
]
const LIVE_EVERY_MS = 10_000

export function FailuresScreen({ query }: { readonly query: RouteQuery }) {
  const since = SINCE.find(({ value }) => value === query.since?.[0])?.value ?? '1h'
  const blueprint = query.blueprint?.[0]
  const { pages, problem, isLoading, reload, more } = usePages(since, blueprint)
  // Not in its group: that goes from the list while its runs are redriven.
  const [asked, setAsked] = useState<FailureGroupView>()
  return (
    <Page
      title="Failures"
      actions={
        <>
          <SelectField
            label="Failed within"
            isLabelHidden
            value={since}
            options={SINCE}
            onInput={(value) => change({ since: value, blueprint })}
          />
          <BlueprintSelect value={blueprint} onChange={(value) => change({ since, blueprint: value })} />
        </>
      }
    >
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {pages.length > 0 ? (
        <Groups pages={pages} isLoading={isLoading} onMore={more} onRedrive={setAsked} />
      ) : (
        !problem && <Loading what="Reading failures" />
      )}
      {asked && (
        <RedriveGroup group={asked} since={since} onClose={() => setAsked(undefined)} onDone={reload} />
      )}
    </Page>
  )
}

function change({ since, blueprint }: { readonly since: string; readonly blueprint?: string }): void {
  const query = { since: [since], blueprint: blueprint === undefined ? [] : [blueprint] }
  navigate({ screen: 'failures', query }, { replace: true })
}

/** The latest failures, again and again until somebody asks for those before. */
function usePages(since: string, blueprint: string | undefined) {
  const [older, setOlder] = useState<readonly FailuresView[]>([])
  const [isMore, setMore] = useState(false)
  const key = `${since} ${blueprint ?? ''}`
  const latest = useData(
    key,
    (signal) => api.failures({ since: timeOf(since, Date.now()), blueprint }, signal),
    { everyMs: older.length === 0 && !isMore ? LIVE_EVERY_MS : undefined },
  )
  useEffect(() => setOlder([]), [key])
  const pages = latest.value ? [latest.value, ...older] : []
  const cursor = pages.at(-1)?.cursor
  const more = async () => {
    setMore(true)
    try {
      const page = await api.failures({ since: timeOf(since, Date.now()), blueprint, cursor })
      setOlder((known) => [...known, page])
    } catch (error) {
      toast(`Not read: ${problemOf(error).message}`)
    }
    setMore(false)
  }
  const { reload: reloadLatest } = latest
  const reload = useCallback(() => {
    setOlder([])
    reloadLatest()
  }, [reloadLatest])
  return { pages, problem: latest.problem, isLoading: isMore, reload, more }
}

interface GroupsProps {
  readonly pages: readonly FailuresView[]
  readonly isLoading: boolean
  readonly onMore: () => Promise<void>
  readonly onRedrive: (group: FailureGroupView) => void
}

function Groups({ pages, isLoading, onMore, onRedrive }: GroupsProps) {
  const { groups, runs } = merged(pages)
  const hasMore = pages.at(-1)?.cursor !== undefined
  if (groups.length === 0 && !hasMore)
    return (
      <Empty title="Nothing failed in this time">
        <a href="#/runs">To the runs</a>
      </Empty>
    )
  return (
    <>
      <p class="muted">
        {counted(runs, 'failed run')}
        {hasMore && ' looked at, the latest'}, {counted(groups.length, 'error')}
      </p>
      <ul class="groups">
        {groups.map((group) => (
          <FailureGroup key={keyOfGroup(group)} group={group} onRedrive={() => onRedrive(group)} />
        ))}
      </ul>
      {hasMore && (
        <Button isBusy={isLoading} onClick={() => void onMore()}>
          Look at those before
        </Button>
      )}
    </>
  )
}
