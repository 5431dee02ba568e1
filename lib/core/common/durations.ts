/** Durations as `sleep` takes them: a number of milliseconds, or '30s', '5m', '2h', '3d'. Pure. */
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds; undefined for what is no duration. */
export function durationMs(duration: unknown): number | undefined {
  if (typeof duration === 'number') return Number.isFinite(duration) && duration >= 0 ? duration : undefined
  const match = typeof duration === 'string' && /^(\d+)([smhd])$/.exec(duration)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined
}
