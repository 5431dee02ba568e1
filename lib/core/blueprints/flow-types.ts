/** What the compiler knows of flows: blueprint ids, inputs, contexts. Types only; nothing of it is there at run time. */
import type { FlowBuilder } from 'flowcraft'
import type { SchemaInput, SchemaOutput, StandardSchema } from '../common/standard-schema.ts'
import type { Flow } from './registry.ts'

/** A flow, and what is known of it besides. */
export interface FlowWithInput {
  /** What `createFlow()` builds. */
  readonly flow: Flow
  /**
   * A schema of zod, valibot, arktype or another library of Standard Schema. An input that it refuses starts no run; what
   * it gives (defaults, conversions) is the run's input. @default - any plain object
   */
  readonly input?: StandardSchema
  /** Nodes that a `resume` may name, which is for the compiler. @default - any text */
  readonly waits?: readonly string[]
}

/** Flows by their blueprint ids. */
export type FlowDefinitions = Readonly<Record<string, Flow | FlowWithInput>>

/** What the compiler knows of one flow. */
export interface FlowType {
  readonly input: unknown
  readonly context: unknown
  /** Nodes that wait. */
  readonly waits: string
}

/** What the compiler knows of flows, by their blueprint ids. */
export type FlowTypes = Readonly<Record<string, FlowType>>

/** A flow of which nothing is known. */
export interface UntypedFlow {
  readonly input: Record<string, unknown>
  readonly context: Record<string, unknown>
  readonly waits: string
}

/** Flows of which the compiler knows nothing. */
export type UntypedFlows = Readonly<Record<string, UntypedFlow>>

/**
 * What `defineFlows` gives: a list of flows, for every option `flows`. `T` is what the compiler knows of them; without it,
 * nothing.
 */
export interface DefinedFlows<T extends FlowTypes = UntypedFlows> extends ReadonlyArray<Flow> {
  /** For the compiler only: it is never there. */
  readonly '~types'?: T
}

/** The type of whatever `defineFlows` gives. */
export type AnyFlows = DefinedFlows<FlowTypes>

/** What the compiler knows of `F`, which is of `defineFlows` or any list of flows. */
export type TypesOf<F extends AnyFlows> = F extends { readonly '~types'?: infer T extends FlowTypes }
  ? string extends keyof T
    ? UntypedFlows
    : T
  : UntypedFlows

/** What the compiler knows of definitions. */
export type TypesOfDefinitions<D extends FlowDefinitions> = { readonly [K in keyof D]: FlowTypeOf<D[K]> }

/** The same definitions, or, where a schema gives what its flow cannot take, what it must give. */
export type FittingDefinitions<D extends FlowDefinitions> = {
  readonly [K in keyof D]: FittingDefinition<D[K]>
}

/** What the compiler knows of a definition. */
export interface FlowTypeOf<D> {
  readonly input: FlowInput<D>
  /** Nodes may set further keys, such as their outputs by their ids. */
  readonly context: NamedKeys<FlowContext<D>> &
    (D extends { readonly input: infer S extends StandardSchema } ? NamedKeys<SchemaOutput<S>> : unknown) &
    Record<string, unknown>
  readonly waits: D extends { readonly waits: readonly (infer W extends string)[] } ? W : string
}

/** The `Context` of `createFlow<Context>`; `unknown` where it does not say. */
export type FlowContext<D> =
  D extends FlowBuilder<infer C, infer _Dependencies>
    ? C
    : D extends { readonly flow: FlowBuilder<infer C, infer _Dependencies> }
      ? C
      : unknown

/** What the schema takes; without one any part of the context, as `FlowRuntime.run` takes it. */
export type FlowInput<D> = RecordOf<
  D extends { readonly input: infer S extends StandardSchema } ? SchemaInput<S> : Partial<FlowContext<D>>
>

/** An interface as the object type that fits a record; any record where nothing is known. */
export type RecordOf<T> = unknown extends T
  ? Record<string, unknown>
  : string extends keyof T
    ? Record<string, unknown>
    : { [K in keyof T]: T[K] }

/** The keys of a context that are known by name, none of which must be there. */
export type NamedKeys<C> = unknown extends C ? unknown : string extends keyof C ? unknown : Partial<C>

/** A definition, or, where its schema gives what its flow cannot take, what it must give. */
export type FittingDefinition<D> = D extends {
  readonly flow: Flow
  readonly input: infer S extends StandardSchema
}
  ? unknown extends SchemaOutput<S>
    ? D
    : SchemaOutput<S> extends NamedKeys<FlowContext<D>> & object
      ? D
      : Omit<D, 'input'> & { readonly input: StandardSchema<SchemaInput<S>, Partial<FlowContext<D>>> }
  : D
