import { isFlowcraftAwsError, type RunDescription, type Runs } from 'flowcraft-aws'

/** How a run stands; undefined where there is none. */
export async function findRun(runs: Runs, runId: string): Promise<RunDescription | undefined> {
  try {
    return await runs.get(runId)
  } catch (error) {
    if (!isFlowcraftAwsError(error, 'RUN_NOT_FOUND')) throw error
    console.warn(`${error.message}: see ${error.docs}`)
    return undefined
  }
}
