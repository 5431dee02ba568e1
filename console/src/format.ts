/** Times, durations, amounts and sizes, as people read them. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** '840 ms', '12.4 s', '3 m 20 s', '2 h 5 m', '4 d 3 h'. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const whole = Math.max(0, Math.round(ms))
  if (whole < SECOND) return `${whole} ms`
  if (whole < 59_950) return `${(whole / SECOND).toFixed(1)} s`
  return formatParts(Math.round(whole / SECOND) * SECOND)
}

/** As formatDuration, in whole seconds: for what ticks. */
export function formatTicking(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / SECOND))
  return whole < 60 ? `${whole} s` : formatParts(whole * SECOND)
}

function formatParts(ms: number): string {
  if (ms < HOUR) return parts(ms, MINUTE, 'm', SECOND, 's')
  if (ms < DAY) return parts(ms, HOUR, 'h', MINUTE, 'm')
  return parts(ms, DAY, 'd', HOUR, 'h')
}

function parts(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % large) / small)
  const first = `${Math.floor(ms / large)} ${largeUnit}`
  return rest > 0 ? `${first} ${rest} ${smallUnit}` : first
}

/** '12 s ago', 'in 3 m': one unit, since nobody reads more of it. */
export function formatRelative(at: string | number, now: number): string {
  const ms = new Date(at).getTime() - now
  if (Number.isNaN(ms)) return '–'
  const size = Math.abs(ms)
  if (size < SECOND) return 'now'
  const text =
    size < MINUTE
      ? `${Math.floor(size / SECOND)} s`
      : size < HOUR
        ? `${Math.floor(size / MINUTE)} m`
        : size < DAY
          ? `${Math.floor(size / HOUR)} h`
          : `${Math.floor(size / DAY)} d`
  return ms < 0 ? `${text} ago` : `in ${text}`
}

const two = (value: number) => String(value).padStart(2, '0')

/** '14:03:22' of today, else '26 Nov 14:03', in the reader's time zone; with the year where it is another one. */
export function formatTime(at: string | number, now: number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return '–'
  const today = new Date(now)
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (date.toDateString() === today.toDateString()) return `${minutes}:${two(date.getSeconds())}`
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`
  return date.getFullYear() === today.getFullYear()
    ? `${day} ${minutes}`
    : `${day} ${date.getFullYear()} ${minutes}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** '2026-11-26 14:03:22.120', in the reader's time zone: for titles and logs. */
export function formatInstant(at: string | number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return '–'
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** '$0.0042', '$1.20', '$0': small amounts by two digits that count. */
export function formatUsd(usd: number): string {
  if (!Number.isFinite(usd)) return '–'
  if (usd === 0) return '$0'
  const size = Math.abs(usd)
  if (size >= 1)
    return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
  if (size < 1e-7) return '<$0.0000001'
  const digits = Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(size))))
  return `$${usd.toFixed(digits)}`
}

/** '812 B', '1.2 KB', '3.4 MB', by 1,024. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  let size = bytes
  for (const unit of ['B', 'KB', 'MB']) {
    if (size < 1_023.95) return unit === 'B' ? `${size} B` : `${size.toFixed(1)} ${unit}`
    size /= 1_024
  }
  return `${size.toFixed(1)} GB`
}

/** '12,345'. */
export const formatCount = (count: number): string => count.toLocaleString('en-US')

/** '1 run', '12 runs'; `many` where the plural is not by 's'. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
