/** Which messages are leased before they are worked on. */
import { show } from './thrown.ts'

/** 'always': each. 'redeliveries': those that SQS has delivered before; see docs/costs.md for what that saves and risks. */
export type LeaseMode = 'always' | 'redeliveries'

const leaseModes: readonly LeaseMode[] = ['always', 'redeliveries']

export function leasesProblems(mode: unknown): string[] {
  if (leaseModes.some((known) => known === mode)) return []
  return [`leases must be 'always' or 'redeliveries'; got ${show(mode)}`]
}
