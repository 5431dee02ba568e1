/** The fields of events of runs, for the inputs of rules' targets. */
import { EventField } from 'aws-cdk-lib/aws-events'
import type {
  RunEventDetail,
  RunRedriven,
  RunStatusChange,
  RunWaiting,
} from '../core/telemetry/run-event-details.ts'

/** The fields that each event of a run has. */
export class RunEventFields {
  /** The same each time the same event is published: a consumer that must not act twice remembers it. */
  static get id(): string {
    return field<RunEventDetail>('id')
  }

  /** The run. */
  static get runId(): string {
    return field<RunEventDetail>('runId')
  }

  /** Its blueprint. */
  static get blueprintId(): string {
    return field<RunEventDetail>('blueprintId')
  }

  /** ISO 8601. */
  static get startedAt(): string {
    return field<RunEventDetail>('startedAt')
  }

  /** The run that waits for this one, which is a subflow of it; absent otherwise. */
  static get parentRunId(): string {
    return field<RunEventDetail>('parentRunId')
  }

  /** The run from whose state this one began, which is a fork of it; absent otherwise. */
  static get forkedFromRunId(): string {
    return field<RunEventDetail>('forkedFromRunId')
  }

  /** What the run was started with, an object; absent where there is none. */
  static get labels(): string {
    return field<RunEventDetail>('labels')
  }

  /** `serviceName` of the service. */
  static get service(): string {
    return field<RunEventDetail>('service')
  }

  protected constructor() {}
}

/**
 * The fields of a run's end, for the input of a rule's target: `RuleTargetInput.fromText(`Run ${RunStatusEvent.runId} failed`)`.
 * @example
 * const message = RuleTargetInput.fromText(`Run ${RunStatusEvent.runId} failed, at ${RunStatusEvent.errors} nodes`)
 */
export class RunStatusEvent extends RunEventFields {
  /** 'completed', 'failed' or 'cancelled'. */
  static get status(): string {
    return field<RunStatusChange>('status')
  }

  /** Number of nodes that failed. */
  static get errors(): string {
    return field<RunStatusChange>('errors')
  }

  /** Why the run itself failed, where no node did; absent otherwise. */
  static get reason(): string {
    return field<RunStatusChange>('reason')
  }

  /** ISO 8601. */
  static get endedAt(): string {
    return field<RunStatusChange>('endedAt')
  }

  /** What it cost, an object (`RunCost`); absent where that is not counted. */
  static get cost(): string {
    return field<RunStatusChange>('cost')
  }

  private constructor() {
    super()
  }
}

/**
 * The fields of a run's start, for the input of a target of `onRunStarted`.
 * @example
 * const input = RuleTargetInput.fromObject({ run: RunStartedEvent.runId, since: RunStartedEvent.startedAt })
 */
export class RunStartedEvent extends RunEventFields {
  private constructor() {
    super()
  }
}

/**
 * The fields of a node's wait, for the input of a target of `onRunWaiting`.
 * @example
 * const input = RuleTargetInput.fromObject({ run: RunWaitingEvent.runId, node: RunWaitingEvent.nodeId })
 */
export class RunWaitingEvent extends RunEventFields {
  /** The node that waits, for `resume`. */
  static get nodeId(): string {
    return field<RunWaiting>('nodeId')
  }

  /** Counts the rounds of a loop, and what runs again after a redrive. */
  static get iteration(): string {
    return field<RunWaiting>('iteration')
  }

  /** 'event' or 'webhook'. */
  static get reason(): string {
    return field<RunWaiting>('reason')
  }

  /** `eventName` of the node; absent where it has none. */
  static get eventName(): string {
    return field<RunWaiting>('eventName')
  }

  /** The actions that edges of the node name, a list. */
  static get actions(): string {
    return field<RunWaiting>('actions')
  }

  /** ISO 8601; absent where the wait has no `timeout`. */
  static get timeoutAt(): string {
    return field<RunWaiting>('timeoutAt')
  }

  private constructor() {
    super()
  }
}

/**
 * The fields of a redrive, for the input of a target of `onRunRedriven`.
 * @example
 * const input = RuleTargetInput.fromObject({ run: RunRedrivenEvent.runId, by: RunRedrivenEvent.by })
 */
export class RunRedrivenEvent extends RunEventFields {
  /** How often the run was redriven, this time included. */
  static get redrives(): string {
    return field<RunRedriven>('redrives')
  }

  /** 'redrive' or 'skip'. */
  static get operation(): string {
    return field<RunRedriven>('operation')
  }

  /** Who asked for it; absent where nobody was named. */
  static get by(): string {
    return field<RunRedriven>('by')
  }

  /** Absent where none was given. */
  static get reason(): string {
    return field<RunRedriven>('reason')
  }

  /** Ids of the nodes that run again, or were skipped, a list; absent of a child run. */
  static get nodes(): string {
    return field<RunRedriven>('nodes')
  }

  /** ISO 8601. */
  static get redrivenAt(): string {
    return field<RunRedriven>('redrivenAt')
  }

  private constructor() {
    super()
  }
}

function field<T extends RunEventDetail>(name: keyof T & string): string {
  return EventField.fromPath(`$.detail.${name}`)
}
