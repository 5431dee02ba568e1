/**
 * What the protocol relies on in a store of runs, said once for all stores, theme by theme. Each test makes its own
 * run, so that a table may be shared. What a commit means is `apply` in `lib/core/protocol/change.ts`; here stores are held
 * to it.
 */
import type { RunStore } from '../../../lib/core/store/run-store.ts'
import { anyCommitContract } from './contract/any-commit.ts'
import { arrivalsContract } from './contract/arrivals.ts'
import { beginContract } from './contract/begin.ts'
import { commitContract } from './contract/commit.ts'
import { costsContract } from './contract/costs.ts'
import { crowdedContract } from './contract/crowded.ts'
import { endsContract } from './contract/ends.ts'
import { leasesContract } from './contract/leases.ts'
import { listsContract } from './contract/lists.ts'
import { pausesContract } from './contract/pauses.ts'
import { steeringContract } from './contract/steering.ts'
import { timersContract } from './contract/timers.ts'
import { valuesContract } from './contract/values.ts'

export { change, ENTRY, newRun } from './contract/support.ts'

export interface ContractOptions {
  /** Runs of the random commits. */
  readonly numRuns?: number
}

export function runStoreContract(make: () => RunStore, { numRuns = 200 }: ContractOptions = {}): void {
  beginContract(make)
  commitContract(make)
  anyCommitContract(make, numRuns)
  crowdedContract(make)
  costsContract(make)
  endsContract(make)
  steeringContract(make)
  pausesContract(make)
  timersContract(make)
  listsContract(make)
  leasesContract(make)
  arrivalsContract(make)
  valuesContract(make)
}
