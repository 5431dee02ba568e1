/** Rules for what a service's workers publish of runs, on their bus. */
import { isDeepStrictEqual } from 'node:util'
import { Stack, Token } from 'aws-cdk-lib'
import {
  EventBus,
  type EventPattern,
  type IEventBus,
  type OnEventOptions,
  Rule,
} from 'aws-cdk-lib/aws-events'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import { detailTypes, metricNames, type RunEventName, runEventsProblems } from '../core/telemetry/names.ts'
import type { RunStatusChange, RunWaiting } from '../core/telemetry/run-event-details.ts'
import { throwProblems } from './problems.ts'
import { uniqueName } from './unique-name.ts'

/** Settings of the events that report status changes of runs. */
export interface RunEventOptions {
  /** An existing event bus that receives the events. @default - a new event bus */
  readonly eventBus?: IEventBus
}

/** Options of `onRunCompleted` and the like. */
export interface OnRunEventOptions extends OnEventOptions {
  /** Only runs of this blueprint. @default - runs of every blueprint */
  readonly blueprintId?: string
}

/** Options of `onRunWaiting`. */
export interface OnRunWaitingOptions extends OnRunEventOptions {
  /** Only this node, by its id. @default - every node that waits for an event */
  readonly nodeId?: string
}

/** The bus that a service publishes on; undefined with `events: false`. */
export function createEventBus(
  scope: Construct,
  { events, encryptionKey }: { readonly events?: false | RunEventOptions; readonly encryptionKey?: IKey },
): IEventBus | undefined {
  if (events === false) return undefined
  if (events?.eventBus) return events.eventBus
  // EventBridge wants a name, and the CDK would make it from the path alone.
  const eventBusName = `${uniqueName(scope)}-events`
  return new EventBus(scope, 'Events', { eventBusName, kmsKey: encryptionKey })
}

/** What is wrong with the choice of what is published. */
export function runEventsPropProblems({
  runEvents,
  events,
}: {
  readonly runEvents?: readonly RunEventName[]
  readonly events?: false | RunEventOptions
}): string[] {
  if (runEvents === undefined) return []
  const withoutBus = events === false ? ['runEvents needs an event bus, got events: false'] : []
  return [...withoutBus, ...runEventsProblems(runEvents)]
}

/** A service whose workers publish events of runs. */
interface RunEventSource extends Construct {
  readonly serviceName: string
  readonly eventBus?: IEventBus
  readonly runEvents: readonly RunEventName[]
}

/** What a rule is for: the method of the service that makes it, and what it matches. */
export interface RunEventRule {
  readonly method: string
  readonly event: RunEventName
  readonly detail?: Partial<Record<keyof RunStatusChange | keyof RunWaiting, string | undefined>>
}

/** @throws Error that lists all problems */
export function onRunEvent(
  service: RunEventSource,
  id: string,
  { method, event, detail = {} }: RunEventRule,
  { target, blueprintId, eventPattern, ...options }: OnRunEventOptions,
): Rule {
  const { serviceName, eventBus } = service
  const wanted = { ...detail, blueprintId }
  const own = {
    source: [metricNames.events.source],
    detailType: [detailTypes[event]],
    // A bus may be shared.
    detail: { service: [serviceName], ...listsOf(wanted) },
  }
  const empty = Object.entries(wanted).filter(([, value]) => value === '')
  throwProblems(service, [
    ...busProblems(service, method, eventBus),
    ...(eventBus ? choiceProblems(method, event, service.runEvents) : []),
    ...empty.map(([name]) => `${name} of ${method} must not be empty, got ''`),
    ...patternProblems(method, own, eventPattern),
  ])
  // The own pattern first: the CDK merges into what it has, and the user's is not to change.
  const rule = new Rule(service, id, { ...options, eventBus, eventPattern: own })
  if (eventPattern) rule.addEventPattern(eventPattern)
  if (target) rule.addTarget(target)
  return rule
}

function listsOf(detail: Readonly<Record<string, string | undefined>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(detail).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value]]])),
  )
}

function choiceProblems(method: string, event: RunEventName, chosen: readonly RunEventName[]): string[] {
  if (chosen.includes(event)) return []
  const got = chosen.map((name) => `'${name}'`).join(', ')
  return [`${method} needs runEvents with '${event}', got [${got}]`]
}

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
