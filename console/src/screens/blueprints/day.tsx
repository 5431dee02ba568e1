/** How the runs of the last day went: a bar of their statuses, and words for those who do not see it. */
import type { BlueprintDay } from '../../../../lib/console/views.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { stateText } from '../../ui/status-chip.tsx'
import { STATUSES } from '../runs/filters.ts'

export function DayBar({ day: { byStatus, runs } }: { readonly day: BlueprintDay }) {
  if (runs === 0) return <span class="muted">none</span>
  return (
    <span class="day-bar" role="img" aria-label={dayText(byStatus)} title={dayText(byStatus)}>
      {STATUSES.map((status) => {
        const count = byStatus[status] ?? 0
        return count > 0 && <span key={status} data-state={status} style={{ flexGrow: count }} />
      })}
    </span>
  )
}

/** '812 completed, 37 failed'. */
function dayText(byStatus: BlueprintDay['byStatus']): string {
  return STATUSES.flatMap((status) => {
    const count = byStatus[status] ?? 0
    return count > 0 ? [`${formatCount(count)} ${stateText(status)}`] : []
  }).join(', ')
}

/** '866', or '2,000+' where more were started than were looked at. */
export const runsText = ({ runs, more }: BlueprintDay): string => `${formatCount(runs)}${more ? '+' : ''}`

/** Each status with its count, a link to these runs. */
export function DayCounts({
  blueprintId,
  day,
}: {
  readonly blueprintId: string
  readonly day: BlueprintDay
}) {
  return (
    <ul class="day-counts">
      {STATUSES.map((status) => {
        const count = day.byStatus[status] ?? 0
        const query = { blueprint: [blueprintId], status: [status], since: ['24h'] }
        return (
          count > 0 && (
            <li key={status} data-state={status}>
              <a href={href({ screen: 'runs', query })}>
                <strong>{formatCount(count)}</strong> {stateText(status)}
              </a>
            </li>
          )
        )
      })}
    </ul>
  )
}
