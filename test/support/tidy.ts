/** Files of tests that share a process leave each other what they found: no spy, no fake clock, no variable. */
import { afterAll, vi } from 'vitest'

afterAll(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})
