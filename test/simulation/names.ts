/** The run that a simulated world is about; its children have ids of their own. */
export const RUN_ID = 'r'
/** The run that it is forked to, and that one's fork, by number from 1: then the world is about that. */
export const forkId = (fork: number) => `f${fork}`

export function isMain(runId: string): boolean {
  return runId === RUN_ID || /^f\d+$/.test(runId)
}
/** What errors begin with that nobody expects. */
export const BUG = 'cannot read property'

/** What the run is found by, where it is started with labels. */
export const LABELS_OF_RUN = { orderId: 'A-17', tenant: 'acme' }

/** What each call of a node's own code costs, and under which name: the least there is, so that sums are counts. */
export const PAID = 'calls'
export const USD_OF_A_CALL = 1e-9

/** In the message of whoever looks for a graph that is lost. */
export const LOST = 'the graph is lost'
