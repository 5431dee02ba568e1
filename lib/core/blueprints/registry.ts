/** What users register. Types only. */
import type { FlowBuilder, RuntimeOptions } from 'flowcraft'

export type Registry = NonNullable<RuntimeOptions['registry']>
export type Flow = Pick<FlowBuilder, 'toBlueprint' | 'getFunctionRegistry'>
