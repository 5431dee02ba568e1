/** Rules for the ends of a service's runs, on the bus where its workers publish them. */
import { isDeepStrictEqual } from 'node:util'
import { Stack, Token } from 'aws-cdk-lib'
import {
  EventBus,
  EventField,
  type EventPattern,
  type IEventBus,
  type OnEventOptions,
  Rule,
} from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import { metricNames } from '../core/telemetry/names.ts'
import type { RunStatusChange } from '../core/telemetry/run-status-events.ts'
import { throwProblems } from './problems.ts'
import type { FlowcraftServiceProps } from './service-props.ts'
import { uniqueName } from './unique-name.ts'

/** Options of `onRunCompleted` and the like. */
export interface OnRunEventOptions extends OnEventOptions {
  /** Only runs of this blueprint. @default - runs of every blueprint */
  readonly blueprintId?: string
}

/** The fields of a run's end, for the input of a rule's target: `RuleTargetInput.fromText(`Run ${RunStatusEvent.runId} failed`)`. */
export class RunStatusEvent {
  /** The same each time the same end is published: a consumer that must not act twice remembers it. */
  static get id(): string {
    return field('id')
  }

  static get runId(): string {
    return field('runId')
  }

  static get blueprintId(): string {
    return field('blueprintId')
  }

  /** 'completed', 'failed' or 'cancelled'. */
  static get status(): string {
    return field('status')
  }

  /** Number of nodes that failed. */
  static get errors(): string {
    return field('errors')
  }

  /** Why the run itself failed, where no node did; absent otherwise. */
  static get reason(): string {
    return field('reason')
  }

  /** ISO 8601. */
  static get startedAt(): string {
    return field('startedAt')
  }

  /** ISO 8601. */
  static get endedAt(): string {
    return field('endedAt')
  }

  /** The run that waits for this one, which is a subflow of it; absent otherwise. */
  static get parentRunId(): string {
    return field('parentRunId')
  }

  /** `serviceName` of the service. */
  static get service(): string {
    return field('service')
  }

  private constructor() {}
}

function field(name: keyof RunStatusChange): string {
  return EventField.fromPath(`$.detail.${name}`)
}

/** The bus that a service publishes on; undefined with `events: false`. */
export function createEventBus(
  scope: Construct,
  { events, encryptionKey }: Pick<FlowcraftServiceProps, 'events' | 'encryptionKey'>,
): IEventBus | undefined {
  if (events === false) return undefined
  if (events?.eventBus) return events.eventBus
  // EventBridge wants a name, and the CDK would make it from the path alone.
  const eventBusName = `${uniqueName(scope)}-events`
  return new EventBus(scope, 'Events', { eventBusName, kmsKey: encryptionKey })
}

/** A service whose workers publish the ends of runs. */
interface RunEventSource extends Construct {
  readonly serviceName: string
  readonly eventBus?: IEventBus
}

/**
 * @param status - undefined for every end
 * @throws Error that lists all problems
 */
export function onRunEnd(
  service: RunEventSource,
  id: string,
  status: RunStatusChange['status'] | undefined,
  { target, blueprintId, eventPattern, ...options }: OnRunEventOptions,
): Rule {
  const { serviceName, eventBus } = service
  const method = METHODS[status ?? 'any']
  const detail: Partial<Record<keyof RunStatusChange, string[]>> = {
    // A bus may be shared.
    service: [serviceName],
    ...(status && { status: [status] }),
    ...(blueprintId !== undefined && { blueprintId: [blueprintId] }),
  }
  const { source, runStatusChange } = metricNames.events
  const own = { source: [source], detailType: [runStatusChange], detail }
  throwProblems(service, [
    ...busProblems(service, method, eventBus),
    ...(blueprintId === '' ? [`blueprintId of ${method} must not be empty, got ''`] : []),
    ...patternProblems(method, own, eventPattern),
  ])
  // The own pattern first: the CDK merges into what it has, and the user's is not to change.
  const rule = new Rule(service, id, { ...options, eventBus, eventPattern: own })
  if (eventPattern) rule.addEventPattern(eventPattern)
  if (target) rule.addTarget(target)
  return rule
}

/** Of FlowcraftService, for errors. */
const METHODS = {
  completed: 'onRunCompleted',
  failed: 'onRunFailed',
  cancelled: 'onRunCancelled',
  any: 'onRunStatusChange',
} as const

function busProblems(scope: Construct, method: string, eventBus: IEventBus | undefined): string[] {
  if (!eventBus) return [`${method} needs the events that workers publish, got events: false`]
  const stack = Stack.of(scope)
  return (['account', 'region'] as const).flatMap((place) => {
    const [ofBus, ofStack] = [eventBus.env[place], stack[place]]
    if (Token.isUnresolved(ofBus) || Token.isUnresolved(ofStack) || ofBus === ofStack) return []
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
    return [`${method} needs an event bus in the stack's ${place}, ${ofStack}, got one in ${ofBus}`]
  })
}

/** Values that the CDK merges are alternatives: those of a field that the method sets would let other runs in. */
function patternProblems(
  method: string,
  own: { source: string[]; detailType: string[]; detail: Record<string, string[]> },
  { source, detailType, detail = {} }: EventPattern = {},
): string[] {
  const { detail: ownDetail, ...envelope } = own
  const given: Record<string, unknown> = { source, detailType }
  const fields = [
    ...Object.entries(envelope).map(([name, value]) => [name, value, given[name]] as const),
    ...Object.entries(ownDetail).map(([name, value]) => [`detail.${name}`, value, detail[name]] as const),
  ]
  return fields
    .filter(([, value, other]) => other !== undefined && !isDeepStrictEqual(value, other))
    .map(
      ([name, value, other]) =>
        `eventPattern.${name} must be left to ${method}, which sets ${JSON.stringify(value)}, got ${JSON.stringify(other)}`,
    )
}
