// The expressions of schedules: which minutes `cron(...)` and `at(...)` mean. Pure.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

/** A minute, as a clock in the schedule's time zone shows it. */
interface Minute {
  readonly minute: number
  readonly hour: number
  readonly day: number
  /** 1 to 12. */
  readonly month: number
  readonly year: number
}

type Matches = (time: Minute) => boolean

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** Says of a minute whether it is one of the schedule's; undefined for an expression that is neither or not valid. */
export function minutesOf(expression: string, timeZone = 'UTC'): ((time: Date) => boolean) | undefined {
  const [, kind, text = ''] = /^(cron|at)\((.*)\)$/.exec(expression.trim()) ?? []
  const matches = kind === 'cron' ? cronOf(text.trim().split(/\s+/)) : kind === 'at' ? atOf(text) : undefined
  const format = formatOf(timeZone)
  return matches && format && ((time) => matches(minuteOf(format, time)))
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric'
  const fields = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric } as const
  try {
    return new Intl.DateTimeFormat('en-US', { ...fields, calendar: 'gregory', hourCycle: 'h23', timeZone })
  } catch {
    return undefined
  }
}

function minuteOf(format: Intl.DateTimeFormat, time: Date): Minute {
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  return { minute: of('minute'), hour: of('hour'), day: of('day'), month: of('month'), year: of('year') }
}

/** Seconds are there to be written: Scheduler is exact to a minute. */
function atOf(text: string): Matches | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):\d\d$/.exec(text)
  if (!found) return undefined
  const [year, month, day, hour, minute] = found.slice(1).map(Number)
  return (time) =>
    time.year === year &&
    time.month === month &&
    time.day === day &&
    time.hour === hour &&
    time.minute === minute
}

function cronOf(fields: readonly string[]): Matches | undefined {
  const [minutes = '', hours = '', days = '', months = '', weekDays = '', years = ''] = fields
  // One of the two days is left to the other.
  if (fields.length !== 6 || (days === '?') === (weekDays === '?')) return undefined
  const parts = [
    listOf(minutes, [0, 59], ({ minute }) => minute),
    listOf(hours, [0, 23], ({ hour }) => hour),
    days === '?' ? always : listOf(days, [1, 31], ({ day }) => day, [], dayItem),
    listOf(months, [1, 12], ({ month }) => month, MONTHS),
    weekDays === '?' ? always : listOf(weekDays, [1, 7], weekDayOf, DAYS, weekDayItem),
    listOf(years, [1970, 2199], ({ year }) => year),
  ]
  const known = parts.filter((part) => part !== undefined)
  return known.length < parts.length ? undefined : (time) => known.every((matches) => matches(time))
}

const always: Matches = () => true

type Bounds = readonly [min: number, max: number]

/** A field: values, ranges and steps after commas, and what the field has of its own. */
function listOf(
  text: string,
  bounds: Bounds,
  valueOf: (time: Minute) => number,
  names: readonly string[] = [],
  own: (item: string) => Matches | undefined = () => undefined,
): Matches | undefined {
  const numbered = names.reduce(
    (all, name, n) => all.replaceAll(new RegExp(`\\b${name}`, 'gi'), String(n + 1)),
    text,
  )
  const items = numbered.split(',').map((item) => own(item) ?? rangeOf(item, bounds, valueOf))
  const known = items.filter((item) => item !== undefined)
  return known.length < items.length ? undefined : (time) => known.some((matches) => matches(time))
}

function rangeOf(item: string, [min, max]: Bounds, valueOf: (time: Minute) => number): Matches | undefined {
  const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item)
  if (!found) return undefined
  const [, from, to, every] = found
  const step = Number(every ?? 1)
  const first = Number(from ?? min)
  const last = Number(to ?? (from === undefined || every !== undefined ? max : from))
  if (first < min || last > max || step < 1) return undefined
  // A range of days may go round the end of the week: FRI-MON.
  const isWithin = (n: number) => (first <= last ? n >= first && n <= last : n >= first || n <= last)
  const size = max - min + 1
  return (time) => isWithin(valueOf(time)) && ((valueOf(time) - first + size) % size) % step === 0
}

/** The last day of a month, or the working day nearest to one. */
function dayItem(item: string): Matches | undefined {
  if (item === 'L') return (time) => time.day === lastDayOf(time)
  const [, day] = /^(\d+)W$/.exec(item) ?? []
  return day === undefined ? undefined : (time) => time.day === workingDayNear(Number(day), time)
}

/** The last of a week day in a month, or the first, second and so on. */
function weekDayItem(item: string): Matches | undefined {
  if (item === 'L') return (time) => weekDayOf(time) === 7
  const [, last] = /^([1-7])L$/.exec(item) ?? []
  if (last !== undefined) return (time) => weekDayOf(time) === Number(last) && time.day > lastDayOf(time) - 7
  const [, weekDay, nth] = /^([1-7])#([1-5])$/.exec(item) ?? []
  if (weekDay === undefined) return undefined
  return (time) => weekDayOf(time) === Number(weekDay) && Math.ceil(time.day / 7) === Number(nth)
}

/** 1 is Sunday. */
function weekDayOf({ year, month, day }: Minute): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1
}

function lastDayOf({ year, month }: Minute): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** In the same month. */
function workingDayNear(wanted: number, time: Minute): number {
  const last = lastDayOf(time)
  const day = Math.min(wanted, last)
  const weekDay = weekDayOf({ ...time, day })
  if (weekDay === 7) return day === 1 ? day + 2 : day - 1
  if (weekDay === 1) return day === last ? day - 2 : day + 1
  return day
}
