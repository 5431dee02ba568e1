// Which minutes the schedules of EventBridge mean.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { minutesOf } from '../../lib/local/event-bridge/cron.ts'
import { startMinutes } from '../../lib/local/lambda/schedule.ts'
import { occurrence } from '../../lib/local/stack/schedules.ts'

/** The minutes of a schedule from a day on, as texts of a length. */
function timesOf(expression: string, from: string, days: number, timeZone?: string): string[] {
  const matches = minutesOf(expression, timeZone)
  const begin = Date.parse(`${from}T00:00:00Z`)
  const all = Array.from({ length: days * 1_440 }, (_, n) => new Date(begin + n * 60_000))
  return all.filter((time) => matches?.(time)).map((time) => time.toISOString().slice(0, 16))
}

const daysOf = (expression: string, from: string, days: number) =>
  timesOf(expression, from, days).map((time) => Number(time.slice(8, 10)))

describe('cron', () => {
  it('has lists, ranges and steps', () => {
    expect(timesOf('cron(5,35 14-15 ? * * *)', '2026-01-01', 1)).toEqual([
      '2026-01-01T14:05',
      '2026-01-01T14:35',
      '2026-01-01T15:05',
      '2026-01-01T15:35',
    ])
    expect(timesOf('cron(10/25 0 1 * ? *)', '2026-01-01', 2)).toEqual([
      '2026-01-01T00:10',
      '2026-01-01T00:35',
    ])
    expect(timesOf('cron(0 0-23/12 1 JAN,MAR ? 2026)', '2026-01-01', 90)).toEqual([
      '2026-01-01T00:00',
      '2026-01-01T12:00',
      '2026-03-01T00:00',
      '2026-03-01T12:00',
    ])
  })

  it('has days of the week by number and name, also round its end', () => {
    // The first of January 2026 is a Thursday.
    expect(daysOf('cron(0 9 ? * MON-FRI *)', '2026-01-01', 7)).toEqual([1, 2, 5, 6, 7])
    expect(daysOf('cron(0 9 ? * SAT-MON *)', '2026-01-01', 7)).toEqual([3, 4, 5])
    expect(daysOf('cron(0 9 ? * 1,L *)', '2026-01-01', 7)).toEqual([3, 4])
    expect(daysOf('cron(0 9 ? * 3#2 *)', '2026-01-01', 31)).toEqual([13])
    expect(daysOf('cron(0 9 ? * FRIL *)', '2026-01-01', 31)).toEqual([30])
  })

  it('has the last day of a month, and the working day that is nearest', () => {
    expect(daysOf('cron(0 9 L * ? *)', '2028-02-01', 31)).toEqual([29])
    // A Saturday, a Sunday, and a Sunday at the end and a Saturday at the beginning of a month.
    expect(daysOf('cron(0 9 3W * ? *)', '2026-01-01', 31)).toEqual([2])
    expect(daysOf('cron(0 9 4W * ? *)', '2026-01-01', 31)).toEqual([5])
    expect(daysOf('cron(0 9 31W MAY ? *)', '2026-05-01', 31)).toEqual([29])
    expect(daysOf('cron(0 9 1W AUG ? *)', '2026-08-01', 31)).toEqual([3])
  })

  it('goes by the clock of its time zone', () => {
    expect(timesOf('cron(30 2 * * ? *)', '2026-03-28', 3, 'Europe/Berlin')).toEqual([
      '2026-03-28T01:30',
      // There is no half past two in the night of the 29th.
      '2026-03-30T00:30',
    ])
  })

  it.each([
    'cron(0 3 * * * *)',
    'cron(0 3 ? * ? *)',
    'cron(60 3 * * ? *)',
    'cron(0 3 * * ?)',
    'cron(x 3 * * ? *)',
    'cron(0/0 3 * * ? *)',
    'at(tomorrow)',
    'daily',
  ])('%s is none', (expression) => {
    expect(minutesOf(expression)).toBeUndefined()
  })

  it('needs a time zone that there is', () => {
    expect(minutesOf('cron(0 3 * * ? *)', 'Europe/Atlantis')).toBeUndefined()
  })
})

it('at is one minute', () => {
  expect(timesOf('at(2026-01-01T23:30:15)', '2025-12-31', 4, 'America/New_York')).toEqual([
    '2026-01-02T04:30',
  ])
})

it('an occurrence has what Scheduler puts into the input', () => {
  const text = '{"runId":"a:<aws.scheduler.scheduled-time>","n":"<aws.scheduler.attempt-number>","x":"<b>"}'
  const input = occurrence(text, 'arn:x', new Date('2026-01-02T03:04:00.000Z'))
  expect(input).toBe('{"runId":"a:2026-01-02T03:04:00Z","n":"1","x":"<b>"}')
  expect(occurrence('<aws.scheduler.schedule-arn>', 'arn:x', new Date())).toBe('arn:x')
  expect(occurrence('<aws.scheduler.execution-id>', 'arn:x', new Date())).toMatch(/^[0-9a-f-]{36}$/)
})

describe('the clock', () => {
  afterEach(() => vi.useRealTimers())

  it('has each full minute once, also where nobody looked for a while', async () => {
    vi.useFakeTimers({ now: new Date('2026-01-01T00:00:30Z') })
    const seen: string[] = []
    const clock = startMinutes(async (minute) => seen.push(minute.toISOString().slice(11, 19)))
    vi.advanceTimersByTime(29_000)
    expect(seen).toEqual([])
    vi.advanceTimersByTime(31_000)
    expect(seen).toEqual(['00:01:00'])
    vi.setSystemTime(new Date('2026-01-01T00:03:10Z'))
    vi.advanceTimersByTime(1_000)
    await clock.stop()
    vi.advanceTimersByTime(600_000)
    expect(seen).toEqual(['00:01:00', '00:02:00', '00:03:00'])
  })
})
