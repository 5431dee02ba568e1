/** All that happened in a run, in order. */
import type { HistoryEntryView, HistoryView } from '../../../../lib/console/views.ts'
import { counted, formatDuration, formatInstant } from '../../format.ts'
import { Empty } from '../../ui/empty.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { eventWords } from './event-words.ts'

export interface EventListProps {
  readonly history: HistoryView
  readonly startedAt: string
  readonly selected: string | undefined
  readonly onSelect: (nodeId: string) => void
}

const ROW_HEIGHT = 26

export function EventList({ history, startedAt, selected, onSelect }: EventListProps) {
  const { entries, more } = history
  if (entries.length === 0) return <Empty title="Nothing has happened yet." />
  const begin = Date.parse(startedAt)
  return (
    <div class="events">
      {more > 0 && (
        <p class="muted small events-more">{`The first ${counted(entries.length, 'entry', 'entries')}; ${more} more are left out.`}</p>
      )}
      <VirtualList
        items={entries}
        rowHeight={ROW_HEIGHT}
        label="What happened"
        keyOf={(_, index) => index}
        render={(entry) => (
          <Event
            entry={entry}
            begin={begin}
            isSelected={entry.nodeId === selected && selected !== undefined}
            onSelect={onSelect}
          />
        )}
      />
    </div>
  )
}

interface EventProps {
  readonly entry: HistoryEntryView
  readonly begin: number
  readonly isSelected: boolean
  readonly onSelect: (nodeId: string) => void
}

function Event({ entry, begin, isSelected, onSelect }: EventProps) {
  const { at, nodeId, iteration } = entry
  const { what, tone, more } = eventWords(entry)
  return (
    <div class="event" data-tone={tone} data-selected={isSelected || undefined}>
      {at === undefined ? (
        <span class="event-time" title="Its time is not kept">
          –
        </span>
      ) : (
        <time class="event-time" dateTime={at} title={formatInstant(at)}>
          {`+${formatDuration(Date.parse(at) - begin)}`}
        </time>
      )}
      <span class="event-node">
        {nodeId !== undefined && (
          <button type="button" class="link mono" onClick={() => onSelect(nodeId)}>
            {nodeId}
          </button>
        )}
        {iteration !== undefined && iteration > 1 && <span class="muted">{` ×${iteration}`}</span>}
      </span>
      <span class="event-what">{what}</span>
      <span class="event-more" title={more}>
        {more}
      </span>
    </div>
  )
}
