/** What callers say and get, by the types of `defineFlows`: without those, as of any flow. Types only. */
import type { AnyFlows, TypesOf } from '../core/blueprints/flow-types.ts'
import type { RunDescription } from '../core/run/describe.ts'
import type { RunPage, RunSummary } from '../core/run/list.ts'
import type { ForkResult } from './fork-request.ts'
import type { ResumeRequest } from './runs.ts'
import type { StartRunRequest, StartRunResult } from './start-request.ts'

/** The ids of flows. */
export type BlueprintIdOf<F extends AnyFlows> = keyof TypesOf<F> & string

/** The id of a run, a text. One that `start` gave says of which blueprint the run is. */
export type RunIdOf<F extends AnyFlows, Id extends string> =
  string extends BlueprintIdOf<F> ? string : string & { readonly '~blueprint'?: Id }

/** A `StartRunRequest` for a blueprint of these flows. Its `input` may be left out where that requires nothing. */
export type StartRunRequestOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = Omit<
  StartRunRequest,
  'blueprintId' | 'input'
> & { readonly blueprintId: Id } & (Id extends unknown
    ? { readonly blueprintId: Id } & (Record<never, never> extends TypesOf<F>[Id]['input']
        ? { readonly input?: TypesOf<F>[Id]['input'] }
        : { readonly input: TypesOf<F>[Id]['input'] })
    : never)

/** `StartRunResult`, with the run id that the compiler knows. */
export type StartRunResultOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = StartRunResult & {
  readonly runId: RunIdOf<F, Id>
}

/** `ForkResult`, with the run ids that the compiler knows. */
export type ForkResultOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = ForkResult & {
  readonly runId: RunIdOf<F, Id>
}

/** A `RunDescription` whose `context` is as the flow's types say; `blueprintId` tells which flow it is. */
export type RunDescriptionOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = Id extends unknown
  ? RunDescription & { readonly blueprintId: Id; readonly context: TypesOf<F>[Id]['context'] }
  : never

/** A `ResumeRequest` that names a node which waits, where the flow says which do. */
export type ResumeRequestOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = Omit<
  ResumeRequest,
  'nodeId'
> & {
  /** The node that waits. @default - the only one that does */
  readonly nodeId?: TypesOf<F>[Id]['waits']
}

/** What a list is asked for, of blueprints of these flows. */
export type ListOf<Request, F extends AnyFlows, Id extends BlueprintIdOf<F>> = Omit<
  Request,
  'blueprintId'
> & {
  readonly blueprintId?: Id
}

/** A `RunSummary`; `blueprintId` tells of which flow its run is. */
export type RunSummaryOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = Id extends unknown
  ? RunSummary & { readonly blueprintId: Id; readonly runId: RunIdOf<F, Id> }
  : never

/** `RunPage`, with what the compiler knows of the flows. */
export type RunPageOf<F extends AnyFlows, Id extends BlueprintIdOf<F>> = RunPage & {
  readonly runs: readonly RunSummaryOf<F, Id>[]
}
