/** What becomes of a message that was worked on. */
import { FlowcraftAwsError } from '../common/errors.ts'

/**
 * A message is acknowledged, and so deleted, or comes back: after `afterSeconds`, or when its visibility timeout is
 * over.
 */
export type Disposition =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'retry'; readonly reason: string; readonly afterSeconds?: number }

export type Retry = Extract<Disposition, { kind: 'retry' }>

export const ACKNOWLEDGE: Disposition = { kind: 'acknowledge' }

/**
 * While a new version is rolled out, a worker of the old one may get a run of the new one. What it lacks then is no
 * reason to fail the run: its message comes back, until a worker has it or the grace is over.
 *
 * @throws FlowcraftAwsError NOT_DEPLOYED within the grace
 */
export function deferToNewerDeployment(
  { now, deployGraceMs }: { readonly now: () => number; readonly deployGraceMs: number },
  { startedAt, startsAt }: { readonly startedAt: number; readonly startsAt?: number },
  lacks: string,
): void {
  if (now() - Math.max(startedAt, startsAt ?? 0) < deployGraceMs)
    throw new FlowcraftAwsError('NOT_DEPLOYED', lacks)
}
