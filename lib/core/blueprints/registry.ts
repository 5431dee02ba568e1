/** What users register. Types only. */
import type { FlowBuilder, RuntimeOptions } from 'flowcraft'

/** Implementations of nodes by the names that blueprints use, as `FlowRuntime` takes them. */
export type Registry = NonNullable<RuntimeOptions['registry']>
/** What `createFlow` of Flowcraft makes: a blueprint, and the functions of its nodes. */
export type Flow = Pick<FlowBuilder, 'toBlueprint' | 'getFunctionRegistry'>
