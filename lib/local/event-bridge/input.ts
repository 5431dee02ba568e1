// What a rule's target gets: the event, a part of it, or a text that is made of it. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

import { localError, messageOf } from '../errors.ts'
import { isObject } from './comparisons.ts'
import { pathOf } from './json-path.ts'

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-events-rule-target.html */
export interface TargetInput {
  /** JSON. */
  readonly Input?: string
  readonly InputPath?: string
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>
    readonly InputTemplate?: string
  }
}

/** What a template may name beside the event. */
interface Delivery {
  readonly ruleName: string
  readonly ruleArn: string
  /** When the bus took the event. */
  readonly takenAt: Date
}

/** JSON, but for a template of several texts; throws where the event has not what it should. */
export type MakeInput = (event: object, delivery: Delivery) => string

/** @throws FlowcraftAwsError LOCAL_AWS for what AWS would refuse */
export function inputOf({ Input, InputPath, InputTransformer }: TargetInput): MakeInput {
  const given = Object.entries({ Input, InputPath, InputTransformer }).filter(
    ([, value]) => value !== undefined,
  )
  if (given.length > 1) {
    const names = given.map(([name]) => name).join(', ')
    throw localError(`a target has one of Input, InputPath and InputTransformer; got ${names}`)
  }
  if (Input !== undefined) {
    checkJson('Input', Input)
    return () => Input
  }
  if (InputTransformer) return transformer(InputTransformer)
  if (InputPath === undefined) return (event) => JSON.stringify(event)
  const find = pathOf(InputPath)
  return (event) => {
    const found = find(event)
    if (found !== undefined) return JSON.stringify(found)
    throw localError(`InputPath ${InputPath} finds nothing in the event`)
  }
}

type Values = (event: object, delivery: Delivery) => unknown

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-predefined */
const PREDEFINED: Readonly<Record<string, Values>> = {
  'aws.events.rule-arn': (_, { ruleArn }) => ruleArn,
  'aws.events.rule-name': (_, { ruleName }) => ruleName,
  'aws.events.event.ingestion-time': (_, { takenAt }) => takenAt.toISOString(),
  'aws.events.event': (event) => {
    const { detail: _, 'detail-type': detailType, ...others } = event as Record<string, unknown>
    return { ...others, detailType }
  },
  'aws.events.event.json': (event) => event,
}
const PLACEHOLDER = /<([^<>\s"]+)>/g

function transformer({
  InputPathsMap = {},
  InputTemplate,
}: NonNullable<TargetInput['InputTransformer']>): MakeInput {
  if (!InputTemplate) throw localError('InputTransformer needs an InputTemplate; got none')
  const own = Object.entries(InputPathsMap).map(([name, path]): [string, Values] => [name, pathOf(path)])
  const values = new Map<string, Values>([...own, ...Object.entries(PREDEFINED)])
  const names = [...InputTemplate.matchAll(PLACEHOLDER)].map(([, name]) => name as string)
  const unknown = names.filter((name) => !values.has(name))
  if (unknown.length > 0) {
    throw localError(`InputTemplate has placeholders that InputPathsMap has not: ${unknown.join(', ')}`)
  }
  return (event, delivery) => fill(InputTemplate, (name) => values.get(name)?.(event, delivery))
}

/** A template is JSON with placeholders, or texts in quotes. */
function fill(template: string, valueOf: (name: string) => unknown): string {
  const isJson = /^\s*[{[]/.test(template)
  let isQuoted = false
  const filled = template.replaceAll(/\\.|"|<([^<>\s"]+)>/gs, (piece, name: string | undefined) => {
    if (piece === '"') isQuoted = !isQuoted
    if (name === undefined) return piece
    const value = valueOf(name)
    return isQuoted ? inQuotes(value, isJson) : (JSON.stringify(value) ?? '""')
  })
  if (!isJson) return filled
  checkJson('what InputTemplate became', filled)
  return JSON.stringify(JSON.parse(filled))
}

/** As AWS does it: nothing is escaped, and the quotes of a list or an object are left out of a text. */
function inQuotes(value: unknown, isJson: boolean): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  const json = JSON.stringify(value)
  return isJson || !(isObject(value) || Array.isArray(value)) ? json : json.replaceAll('"', '')
}

function checkJson(what: string, json: string): void {
  try {
    JSON.parse(json)
  } catch (error) {
    throw localError(`${what} must be JSON: ${messageOf(error)}; got ${json}`)
  }
}
