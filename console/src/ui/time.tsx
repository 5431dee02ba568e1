/** Times that tick. */
import { now } from '../clock.ts'
import { formatDuration, formatInstant, formatRelative, formatTicking, formatTime } from '../format.ts'

/** '3 m ago', with the time to the millisecond as its title. */
export function Ago({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {formatRelative(at, now.value)}
    </time>
  )
}

/** '14:03:22'. */
export function At({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {formatTime(at, now.value)}
    </time>
  )
}

/** How long it took, or has taken until now. */
export function Duration({ from, to }: { readonly from: string; readonly to?: string }) {
  const start = Date.parse(from)
  return (
    <span class="duration">
      {to === undefined ? formatTicking(now.value - start) : formatDuration(Date.parse(to) - start)}
    </span>
  )
}
