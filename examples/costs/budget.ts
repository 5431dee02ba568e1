import type { Runs } from 'flowcraft-aws'

/** At most two dollars; a person decides whether a run that cost more may go on. */
export async function research(runs: Runs, question: string): Promise<string> {
  const { runId } = await runs.start({
    blueprintId: 'summary',
    input: { question },
    maxUsd: 2,
    onBudget: 'pause',
  })
  return runId
}

export async function letGoOn(runs: Runs, runId: string): Promise<void> {
  const { status, budget } = await runs.get(runId)
  if (status === 'paused' && budget) await runs.unpause(runId, { maxUsd: 2 * budget.maxUsd, by: 'Ada' })
}
