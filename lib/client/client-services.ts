/** What programs outside the workers need of them: the stores and the queue, no node implementations. */
import { type ILogger, type ISerializer, JsonSerializer, type WorkflowBlueprint } from 'flowcraft'
import { Graphs } from '../core/blueprints/blueprint-versions.ts'
import { register } from '../core/blueprints/registration.ts'
import type { AnyFlows } from '../core/blueprints/flow-types.ts'
import type { Flow, Registry } from '../core/blueprints/registry.ts'
import { type AwsOptions, resolveConfig } from '../core/config/config.ts'
import { costsOf, type Stores, storesOf } from '../core/config/connections.ts'
import { environmentVariables } from '../core/common/environment.ts'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import type { Services } from '../core/execution/services.ts'
import type { DeadLetterServices } from '../core/run/dead-letters.ts'
import { Tracing } from '../core/telemetry/tracing.ts'

/** Options of clients, and of the handlers that act as one. */
export interface ClientOptions extends AwsOptions {
  /**
   * Blueprints that may be started. With them a run is checked and begun at once; without, a worker begins it, and a
   * blueprint that no worker knows, or an input that its schema refuses, is seen only then.
   * @default - whatever the workers know
   */
  readonly flows?: readonly Flow[]
  /** As `flows`, for blueprints without their functions. @default - none */
  readonly blueprints?: Record<string, WorkflowBlueprint>
  /** As `flows`, functions by the keys that `blueprints` use. @default - none */
  readonly registry?: Registry
  /** Must be the workers'. @default new JsonSerializer() */
  readonly serializer?: ISerializer
  /** @default - JSON lines in functions, nothing elsewhere */
  readonly logger?: ILogger
}

/** Options of `RunClient`. */
export interface RunClientOptions<F extends AnyFlows = AnyFlows> extends ClientOptions {
  /**
   * Blueprints that may be started. With them a run is checked, its input by its schema too, and begun at once; without, a
   * worker does that. @default - whatever the workers know
   */
  readonly flows?: F
}

export type ClientServices = Stores & Pick<Services, 'graphs' | 'now' | 'emit' | 'tracing' | 'costs'>

export type ClientParts = ClientServices & { readonly serializer: ISerializer }

/**
 * @param env - what the constructs set, for what is no option
 * @throws FlowcraftAwsError INVALID_CONFIGURATION or INVALID_BLUEPRINT, with all problems at once
 */
export function clientServices(options: ClientOptions, env: NodeJS.ProcessEnv = process.env): ClientParts {
  const serializer = options.serializer ?? new JsonSerializer()
  const config = resolveConfig(options, env)
  const stores = storesOf(config, serializer, 'client')
  const graphs = new Graphs({ ...register(options), store: stores.store })
  const tracing = config.tracing ? new Tracing() : undefined
  return {
    ...stores,
    graphs,
    serializer,
    tracing,
    costs: costsOf(config),
    now: Date.now,
    emit: async () => {},
  }
}

/** @throws FlowcraftAwsError INVALID_CONFIGURATION */
export function withDeadLetters(services: ClientServices): DeadLetterServices {
  const { deadLetters } = services
  if (deadLetters) return { ...services, deadLetters }
  const give = `give it as an option or set ${environmentVariables.deadLetterQueueUrl}`
  throw new FlowcraftAwsError('INVALID_CONFIGURATION', `deadLetterQueueUrl is missing: ${give}`)
}
