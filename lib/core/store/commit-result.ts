/** What a conditional write of a run's header came to. Types only. */
import type { RunState } from '../protocol/run-state.ts'

/** A lost race is a result, not an exception: `run` is the state that won, undefined where there is no run. */
export type CommitResult =
  | { readonly committed: true; readonly run: RunState }
  | { readonly committed: false; readonly run: RunState | undefined }
