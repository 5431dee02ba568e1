// Where rules and schedules of a stack deliver: to functions and queues that run here.

import { GetQueueUrlCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { localError, messageOf } from '../errors.ts'
import { inputOf, type TargetInput } from '../event-bridge/input.ts'
import type { Deliver } from '../event-bridge/rules.ts'
import type { ServiceAsk } from '../iam/roles.ts'
import type { Making } from './kind.ts'

/** A target of a rule or a schedule. */
export interface Target extends TargetInput {
  readonly Arn: string
  readonly RoleArn?: string
}

/** What delivers events; a target that is not played here is told in the log, once, and gets none. */
export async function deliveriesOf(
  making: Making,
  targets: readonly Target[],
  rule: { readonly ruleName: string; readonly ruleArn: string },
): Promise<Deliver[]> {
  const all: Deliver[] = []
  for (const target of targets) {
    const makeInput = inputOf(target)
    const send = await sendTo(making, target.Arn, senderOf({ ...rule, roleArn: target.RoleArn }))
    if (send) all.push((event, takenAt) => send(() => makeInput(event, { ...rule, takenAt })))
  }
  return all
}

/** What sends to a target, and tells the log what goes wrong; undefined for one that is not played here. */
export async function sendTo(
  making: Making,
  arn: string,
  sender: Sender,
): Promise<((makeText: () => string) => Promise<void>) | undefined> {
  const send = await wayTo(making, arn)
  if (!send) {
    tell(
      making,
      `the target ${arn} gets nothing: the local AWS delivers to its own functions and queues only`,
    )
    return undefined
  }
  return async (makeText) => {
    try {
      assertMay(making, arn, sender)
      await send(makeText())
    } catch (error) {
      tell(making, `cannot deliver to ${arn}: ${messageOf(error)}`)
    }
  }
}

/** Who delivers: a role, or a service for the resource that has it deliver. */
export type Sender = { readonly roleArn: string } | ServiceAsk

function senderOf({
  ruleArn,
  roleArn,
}: {
  readonly ruleArn: string
  readonly roleArn?: string | undefined
}): Sender {
  return roleArn === undefined ? { service: 'events.amazonaws.com', sourceArn: ruleArn } : { roleArn }
}

/** @throws FlowcraftAwsError LOCAL_AWS where AWS would not deliver for want of a permission */
export function assertMay({ roles }: Making, resource: string, sender: Sender): void {
  const action = resource.startsWith('arn:aws:lambda:') ? 'lambda:InvokeFunction' : 'sqs:SendMessage'
  if ('roleArn' in sender) {
    const refused = roles.refusalOfRole(sender.roleArn, { action, resource })
    if (refused) throw localError(refused.message)
  } else if (!roles.letsService(sender, { action, resource })) {
    throw localError(`no policy of it lets ${sender.service} do ${action} for ${sender.sourceArn}`)
  }
}

async function wayTo(
  { aws, asynchronous, findInvocable }: Making,
  arn: string,
): Promise<((text: string) => Promise<void>) | undefined> {
  const [, , service, , , QueueName] = arn.split(':')
  if (service === 'lambda') {
    const fn = findInvocable(arn)
    return fn && (async (text) => asynchronous.take(findInvocable(arn) ?? fn, parse(text)))
  }
  if (service !== 'sqs') return undefined
  const { sqsClient } = aws.clients
  const { QueueUrl } = await sqsClient.send(new GetQueueUrlCommand({ QueueName })).catch(absent)
  if (QueueUrl === undefined) return undefined
  return async (MessageBody) => {
    await sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody }))
  }
}

function absent(error: unknown): { QueueUrl?: string } {
  if ((error as { name?: unknown }).name === 'QueueDoesNotExist') return {}
  throw error
}

function parse(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch {
    throw localError(
      `a function takes JSON, and EventBridge does not escape what it puts into a text; got ${input}`,
    )
  }
}

export function tell({ logicalId, onLog }: Making, line: string): void {
  if (onLog) onLog(line)
  else console.warn(`${logicalId}: ${line}`)
}
