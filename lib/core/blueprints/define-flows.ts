/** Flows under their ids, with what callers must know of them. */
import { messageOf, throwProblems } from '../common/errors.ts'
import type { StandardSchema } from '../common/standard-schema.ts'
import { show } from '../common/thrown.ts'
import type {
  DefinedFlows,
  FittingDefinitions,
  FlowDefinitions,
  FlowWithInput,
  TypesOfDefinitions,
} from './flow-types.ts'
import type { Flow } from './registry.ts'

/** A flow that comes with the schema of its input. */
interface FlowWithSchema extends Flow {
  readonly inputSchema?: StandardSchema
}

/**
 * Names flows by their blueprint ids, for every option `flows` (worker, StartRun, client, test), and for callers, which
 * import no more than the type: `new StartRunInvoker<Flows>()`.
 *
 * @example
 * export const flows = defineFlows({ greeting, order: { flow: order, input: z.object({ orderId: z.string() }) } })
 * export type Flows = typeof flows
 *
 * @throws FlowcraftAwsError INVALID_BLUEPRINT, with all problems at once: a key that is not its flow's id, an input that is
 * no schema, a node in `waits` that is not there
 */
export function defineFlows<const D extends FlowDefinitions>(
  definitions: D & FittingDefinitions<D>,
): DefinedFlows<TypesOfDefinitions<D>> {
  const all = Object.entries<Flow | FlowWithInput>(definitions).map(
    ([id, given]) => [id, isFlow(given) ? { flow: given } : given] as const,
  )
  const problems = all.flatMap(([id, definition]) => problemsOf(id, definition))
  throwProblems('INVALID_BLUEPRINT', 'cannot define the flows', problems)
  return all.map(([, { flow, input }]): FlowWithSchema => ({
    toBlueprint: () => flow.toBlueprint(),
    getFunctionRegistry: () => flow.getFunctionRegistry(),
    ...(input ? { inputSchema: input } : {}),
  }))
}

/** Of a flow that `defineFlows` was given one for. */
export function schemaOf(flow: Flow): StandardSchema | undefined {
  return (flow as FlowWithSchema).inputSchema
}

function isFlow(given: unknown): given is Flow {
  return typeof (given as Partial<Flow> | undefined)?.toBlueprint === 'function'
}

function problemsOf(id: string, definition: Partial<FlowWithInput> | undefined): string[] {
  const { flow, input, waits = [] } = definition ?? {}
  if (!isFlow(flow)) {
    return [
      `'${id}' must be a flow of createFlow(), or { flow, input?, waits? }; got ${show(flow ?? definition)}`,
    ]
  }
  const problems = input === undefined || isSchema(input) ? [] : [noSchema(id, input)]
  try {
    const blueprint = flow.toBlueprint()
    if (blueprint.id !== id) {
      problems.push(`the flow under '${id}' has the id ${show(blueprint.id)}: both must be the same`)
    }
    const nodes = blueprint.nodes.map((node) => node.id)
    const absent = waits.filter((node) => !nodes.includes(node))
    for (const node of absent) problems.push(`'${id}' has no node '${node}', which waits names`)
  } catch (error) {
    problems.push(`'${id}': ${messageOf(error)}`)
  }
  return problems
}

/** Arktype's are functions. */
function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchema>)['~standard'] as
    | Partial<StandardSchema['~standard']>
    | undefined
  return standard?.version === 1 && typeof standard.validate === 'function'
}

function noSchema(id: string, input: unknown): string {
  const which = 'a schema of Standard Schema 1, as zod 3.24, valibot 1 and arktype 2 make it'
  return `the input of '${id}' must be ${which}; got ${show(input)}`
}
