/** What a worker tells of the blueprints that it has, to whoever asks it by an invocation: the console's list. */
import type { WorkflowBlueprint } from 'flowcraft'
import { messageOf } from '../common/errors.ts'
import { isPlainObject } from '../common/plain-object.ts'
import { propertyOf } from '../common/thrown.ts'
import type { StandardSchema } from '../common/standard-schema.ts'
import { RunGraph } from '../protocol/run-graph.ts'
import { parsedInput } from './input-schema.ts'
import { warningsOf } from './warnings.ts'

/** The event of an invocation that asks a worker what it has. No message of a queue looks so. */
export interface DescribeRequest {
  readonly flowcraft: 'describe'
  /** The one whose graph and schema are wanted. @default - all, without these: Lambda's answers have 6 MB at most */
  readonly blueprintId?: string
  /** With `blueprintId`: whether its schema takes this input is told, too. */
  readonly input?: unknown
}

/** A blueprint of a worker. */
export interface DescribedBlueprint {
  readonly id: string
  /** Fingerprint of its graph: runs remember it. */
  readonly version: string
  readonly nodes: number
  readonly warnings: readonly string[]
  /** As runs remember it. */
  readonly graph?: WorkflowBlueprint
  /** JSON Schema of the input, where its schema can tell it. */
  readonly inputSchema?: unknown
  /** Why the schema does not take the input that was asked about. */
  readonly inputProblem?: string
}

/** What a worker says of itself when it is asked. */
export interface WorkerDescription {
  readonly blueprints: readonly DescribedBlueprint[]
}

export interface DescribedOptions {
  readonly blueprints: Readonly<Record<string, WorkflowBlueprint>>
  readonly schemas: ReadonlyMap<string, StandardSchema>
}

export function isDescribeRequest(event: unknown): event is DescribeRequest {
  return propertyOf(event, 'flowcraft') === 'describe'
}

export async function describeBlueprints(
  { blueprints, schemas }: DescribedOptions,
  { blueprintId, input }: DescribeRequest,
): Promise<WorkerDescription> {
  const wanted = Object.values(blueprints).filter(({ id }) => blueprintId === undefined || id === blueprintId)
  const inputProblem =
    blueprintId === undefined || input === undefined
      ? undefined
      : await problemOf(schemas.get(blueprintId), blueprintId, input)
  return {
    blueprints: wanted.map((blueprint) => {
      const { id } = blueprint
      const { drawn: graph, fingerprint: version } = new RunGraph(blueprint)
      const inputSchema = blueprintId === undefined ? undefined : jsonSchemaOf(schemas.get(id))
      const prefix = `blueprint '${id}': `
      return {
        id,
        version,
        nodes: blueprint.nodes.length,
        warnings: warningsOf({ [id]: blueprint }).map((warning) => warning.slice(prefix.length)),
        ...(blueprintId === undefined ? {} : { graph }),
        ...(inputSchema === undefined ? {} : { inputSchema }),
        ...(inputProblem === undefined ? {} : { inputProblem }),
      }
    }),
  }
}

async function problemOf(
  schema: StandardSchema | undefined,
  blueprintId: string,
  input: unknown,
): Promise<string | undefined> {
  try {
    if (schema && isPlainObject(input))
      await parsedInput(schema, blueprintId, input as Record<string, unknown>)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** What of Standard JSON Schema 1 is needed here (https://standardschema.dev/json-schema): zod 4.2 and arktype 2.1.28 have it. */
interface ToJsonSchema {
  readonly input?: (options: { readonly target: 'draft-2020-12' }) => unknown
}

/** Undefined where there is none, or where the schema says more than JSON Schema can. */
function jsonSchemaOf(schema: StandardSchema | undefined): unknown {
  const standard = schema?.['~standard'] as { readonly jsonSchema?: ToJsonSchema } | undefined
  try {
    return standard?.jsonSchema?.input?.({ target: 'draft-2020-12' })
  } catch {
    // A schema with a transform of its own, say: the page then takes the input as JSON.
    return undefined
  }
}
