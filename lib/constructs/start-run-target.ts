/** The target of EventBridge rules that starts a run for each event. */
import { createHash } from 'node:crypto'
import { Duration, Stack, Token } from 'aws-cdk-lib'
import {
  EventField,
  type IRule,
  type IRuleTarget,
  RuleTargetInput,
  type RuleTargetInputProperties,
  type RuleTargetConfig,
} from 'aws-cdk-lib/aws-events'
import { LambdaFunction, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets'
import { blueprintIdProblem, runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { durationProblems, numberProblems, throwProblems } from './problems.ts'
import type { IFlowcraftService } from './service-base.ts'
import type { StartRunFunction } from './start-run-function.ts'

/** Props of `StartRunTarget`. */
export interface StartRunTargetProps extends TargetBaseProps {
  /** The blueprint whose runs the events start. */
  readonly blueprintId: string
  /**
   * The run's input, which must become an object: `RuleTargetInput.fromObject({ key: EventField.fromPath('$.detail.object.key') })`,
   * or `RuleTargetInput.fromEventPath('$')` for the whole event.
   * @default RuleTargetInput.fromEventPath('$.detail')
   */
  readonly input?: RuleTargetInput
  /**
   * Id of the run, 1 to 200 characters of A-Z a-z 0-9 . _ : / @ + = ~ -. Events with one id start one run, so a field that
   * the sender repeats with an event that it sends twice is better than the default: `EventField.fromPath('$.detail.id')`.
   * @default - the blueprint's id, a colon and the event's id, which is the same each time EventBridge delivers the event
   */
  readonly runId?: string
  /** Labels of the run, by which it is found; values may be fields of the event. @default - none */
  readonly labels?: RunLabels
}

/** Bounds of EventBridge's retries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html */
const RETRY = {
  age: { min: Duration.minutes(1), max: Duration.hours(24) },
  attempts: { min: 0, max: 185 },
} as const

/**
 * Starts a run for each event that a rule lets through, once for each, however often it is delivered. The rule may invoke
 * the StartRun function, and nothing else.
 *
 * @example
 * rule.addTarget(new StartRunTarget(flows, { blueprintId: 'import' }))
 */
export class StartRunTarget implements IRuleTarget {
  readonly #service: IFlowcraftService | StartRunFunction
  readonly #props: StartRunTargetProps

  /** @param service - one that is made here, an imported one, or a StartRun function alone */
  constructor(service: IFlowcraftService | StartRunFunction, props: StartRunTargetProps) {
    this.#service = service
    this.#props = props
  }

  /**
   * Called by `rule.addTarget`.
   * @throws Error that lists all problems of the props
   */
  bind(rule: IRule, id?: string): RuleTargetConfig {
    const { blueprintId, input, runId, labels, ...delivery } = this.#props
    const payload = new Payload({
      blueprintId: RuleTargetInput.fromObject(blueprintId),
      runId: RuleTargetInput.fromObject(runId ?? defaultRunId(blueprintId)),
      input: input ?? RuleTargetInput.fromEventPath('$.detail'),
      ...(labels && { labels: RuleTargetInput.fromObject(labels) }),
    })
    throwProblems(rule, [...targetProblems(this.#props), ...payload.problems(rule)])
    const fn = 'startRunFunction' in this.#service ? this.#service.startRunFunction : this.#service.function
    return new LambdaFunction(fn, { ...delivery, event: payload }).bind(rule, id)
  }
}

function targetProblems({
  blueprintId,
  runId,
  labels,
  maxEventAge,
  retryAttempts,
}: StartRunTargetProps): string[] {
  const problems = [
    isKnown(blueprintId) ? blueprintIdProblem(blueprintId) : undefined,
    runId !== undefined && isKnown(runId) ? runIdProblem(runId, 'new') : undefined,
    Object.values(labels ?? {}).every(isKnown) ? labelsProblem(labels) : undefined,
  ]
  return [
    ...problems.filter((problem) => problem !== undefined),
    ...durationProblems('maxEventAge', maxEventAge, RETRY.age),
    ...numberProblems('retryAttempts', retryAttempts, RETRY.attempts),
  ]
}

/** A field of the event is known with the event alone. */
function isKnown(value: string): boolean {
  return !Token.isUnresolved(value)
}

/** One event may start runs of several blueprints. An id that no run's id can hold is told apart by its hash. */
function defaultRunId(blueprintId: string): string {
  const fits = !isKnown(blueprintId) || (blueprintId.length <= 100 && !runIdProblem(blueprintId))
  const name = fits ? blueprintId : createHash('sha256').update(blueprintId).digest('hex').slice(0, 16)
  return `${name}:${EventField.eventId}`
}

/** Of the template's placeholders: the user's input where it is a part of the event. */
const INPUT = 'flowcraft-run-input'
/** What EventBridge puts the whole event for. A path of `$` names no field. */
const WHOLE_EVENT = '<aws.events.event.json>'

/** The request of StartRun, of parts that are each an input of their own: the CDK cannot put one into another. */
class Payload extends RuleTargetInput {
  readonly #parts: Readonly<Record<string, RuleTargetInput>>

  constructor(parts: Readonly<Record<string, RuleTargetInput>>) {
    super()
    this.#parts = parts
  }

  bind(rule: IRule): RuleTargetInputProperties {
    const parts = this.#bound(rule)
    const json = parts.map(([name, { text }]) => `${JSON.stringify(name)}:${text}`).join(',')
    const paths = Object.assign({}, ...parts.map(([, part]) => part.paths)) as Record<string, string>
    if (isConstant(parts)) return { input: `{${json}}` }
    return { inputTemplate: `{${json}}`, inputPathsMap: paths }
  }

  problems(rule: IRule): string[] {
    const parts = this.#bound(rule)
    const input = parts.find(([name]) => name === 'input')?.[1].text
    return [
      ...objectProblems(literalsOf(rule, input)),
      ...(isConstant(parts) ? [] : parts).flatMap(([name, part]) =>
        placeholderProblems(name, literalsOf(rule, part.text), part.paths),
      ),
      ...pathProblems(parts),
    ]
  }

  #bound(rule: IRule): [string, Part][] {
    return Object.entries(this.#parts).map(([name, part]) => [name, partOf(part.bind(rule))])
  }
}

interface Part {
  /** JSON with placeholders. */
  readonly text: string
  readonly paths: Readonly<Record<string, string>>
}

function isConstant(parts: readonly [string, Part][]): boolean {
  return parts.every(([, { text, paths }]) => Object.keys(paths).length === 0 && text !== WHOLE_EVENT)
}

function partOf({ input, inputPath, inputTemplate, inputPathsMap = {} }: RuleTargetInputProperties): Part {
  if (inputPath === '$') return { text: WHOLE_EVENT, paths: {} }
  if (inputPath !== undefined) return { text: `<${INPUT}>`, paths: { [INPUT]: inputPath } }
  return { text: inputTemplate ?? input ?? '', paths: inputPathsMap }
}

/** What is known of a text at synth, in its order. */
function literalsOf(rule: IRule, text: string | undefined): string[] {
  const resolved: unknown = Stack.of(rule).resolve(text)
  if (typeof resolved === 'string') return [resolved]
  const [, pieces] = (resolved as { 'Fn::Join'?: [string, unknown[]] } | undefined)?.['Fn::Join'] ?? []
  return (pieces ?? []).filter((piece) => typeof piece === 'string')
}

/** StartRun takes nothing else, and would say so event by event. */
function objectProblems([first]: readonly string[]): string[] {
  if (first === undefined || /^\s*[{<]/.test(first)) return []
  return [
    `input must become an object, as that of RuleTargetInput.fromObject({...}) or fromEventPath; got ${first}`,
  ]
}

/** EventBridge takes a word in angle brackets for a placeholder, and refuses a rule that does not say of what. */
function placeholderProblems(
  name: string,
  literals: readonly string[],
  paths: Readonly<Record<string, string>>,
): string[] {
  const words = literals.flatMap((text) => [...text.matchAll(/<([^<>\s"]+)>/g)].map(([, word]) => word ?? ''))
  const others = words.filter((word) => !(word in paths) && !word.startsWith('aws.events.'))
  if (others.length === 0) return []
  const got = others.map((word) => `<${word}>`).join(', ')
  return [
    `${name} must not hold words in angle brackets, which EventBridge takes for fields of the event; got ${got}`,
  ]
}

/** The CDK names placeholders by their paths, each input for itself. */
function pathProblems(parts: readonly [string, Part][]): string[] {
  const all = parts.flatMap(([, { paths }]) => Object.entries(paths))
  const [clash] = all.filter(([name, path]) => all.some((other) => other[0] === name && other[1] !== path))
  if (!clash) return []
  const paths = [...new Set(all.filter(([name]) => name === clash[0]).map(([, path]) => path))]
  return [
    `fields of the event must have other names than ${paths.join(' and ')}, which the CDK calls the same`,
  ]
}
