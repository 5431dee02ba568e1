/** Times, durations, amounts and sizes, as the console's page shows them. */
import { describe, expect, it } from 'vitest'
import {
  counted,
  formatBytes,
  formatDuration,
  formatInstant,
  formatRelative,
  formatTicking,
  formatTime,
  formatUsd,
} from '../../console/src/format.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('the page says', () => {
  it.each([
    [0, '0 ms'],
    [840.4, '840 ms'],
    [999.6, '1.0 s'],
    [12_345, '12.3 s'],
    [59_949, '59.9 s'],
    [59_950, '1 m'],
    [200_000, '3 m 20 s'],
    [2 * HOUR + 5 * MINUTE + 9_000, '2 h 5 m'],
    [HOUR - 400, '1 h'],
    [4 * DAY + 3 * HOUR, '4 d 3 h'],
    [-5, '0 ms'],
    [Number.NaN, '–'],
  ])('%d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('what ticks in whole seconds', () => {
    expect([999, 59_999, 60_000, 61_999, -3].map(formatTicking)).toEqual([
      '0 s',
      '59 s',
      '1 m',
      '1 m 1 s',
      '0 s',
    ])
  })

  it('how long ago in one unit', () => {
    const now = Date.parse('2026-11-27T12:00:00Z')
    const ago = (ms: number) => formatRelative(now - ms, now)
    expect([0, 12_000, 3 * MINUTE, 5 * HOUR, 9 * DAY].map(ago)).toEqual([
      'now',
      '12 s ago',
      '3 m ago',
      '5 h ago',
      '9 d ago',
    ])
    expect(ago(-3 * MINUTE)).toBe('in 3 m')
    expect(formatRelative('no time', now)).toBe('–')
  })

  it('a time of today without its day, others with it', () => {
    const now = new Date(2026, 10, 27, 15, 0, 0).getTime()
    expect(formatTime(new Date(2026, 10, 27, 4, 3, 2).toISOString(), now)).toBe('04:03:02')
    expect(formatTime(new Date(2026, 10, 26, 14, 3, 2).getTime(), now)).toBe('26 Nov 14:03')
    expect(formatTime(new Date(2025, 0, 2, 14, 3).getTime(), now)).toBe('2 Jan 2025 14:03')
    expect(formatTime('no time', now)).toBe('–')
    expect(formatInstant(new Date(2026, 0, 2, 3, 4, 5, 67).getTime())).toBe('2026-01-02 03:04:05.067')
  })

  it.each([
    [0, '$0'],
    [0.0000123, '$0.000012'],
    [0.0042, '$0.0042'],
    [0.42, '$0.42'],
    [0.999, '$1.00'],
    [1.2, '$1.20'],
    [12_345.6, '$12,345.60'],
    [1e-9, '<$0.0000001'],
  ])('%d dollars as %s', (usd, text) => {
    expect(formatUsd(usd)).toBe(text)
  })

  it.each([
    [812, '812 B'],
    [1_229, '1.2 KB'],
    [1_048_575, '1.0 MB'],
    [3_565_158, '3.4 MB'],
    [5 * 2 ** 30, '5.0 GB'],
  ])('%d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('one of a thing and many', () => {
    expect([counted(1, 'run'), counted(0, 'run'), counted(12_345, 'run')]).toEqual([
      '1 run',
      '0 runs',
      '12,345 runs',
    ])
    expect(counted(2, 'child', 'children')).toBe('2 children')
  })
})
