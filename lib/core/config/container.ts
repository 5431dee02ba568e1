/** Flowcraft's dependency container as runtime options, which is what the engine's base adapter takes. */
import { type DIContainer, NullLogger, type RuntimeOptions, ServiceTokens } from 'flowcraft'

/** Options that come from a container of Flowcraft. */
export interface WithContainer {
  /**
   * What `FlowRuntime` takes in place of options; what the options say goes first. Its `NullLogger`, which
   * `createDefaultContainer` puts there, counts as none. @default - none
   */
  readonly container?: DIContainer
}

/** The options, with what the container holds where they say nothing. */
export function withContainer(options: RuntimeOptions & WithContainer): RuntimeOptions {
  const { container, ...own } = options
  if (!container) return own
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  return { ...optionsOf(container), ...given }
}

function optionsOf(container: DIContainer): RuntimeOptions {
  const held = <T>(token: symbol): T | undefined =>
    container.has(token) ? container.resolve<T>(token) : undefined
  const logger = held<RuntimeOptions['logger']>(ServiceTokens.Logger)
  return {
    logger: logger instanceof NullLogger ? undefined : logger,
    serializer: held(ServiceTokens.Serializer),
    evaluator: held(ServiceTokens.Evaluator),
    eventBus: held(ServiceTokens.EventBus),
    middleware: held(ServiceTokens.Middleware),
    registry: held(ServiceTokens.NodeRegistry),
    blueprints: held(ServiceTokens.BlueprintRegistry),
    dependencies: held(ServiceTokens.Dependencies),
  }
}
