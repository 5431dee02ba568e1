// Where events go that a function could not handle: its dead-letter queue, and its destination for failures.

import { GetQueueUrlCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import type { AsynchronousConfig, GivenUp } from '../lambda/asynchronous.ts'
import { FunctionError } from '../lambda/errors.ts'
import { functionOf, numberOf, textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'
import { assertMay, sendTo, tell } from './targets.ts'

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html */
export const eventInvokeConfig: Kind = {
  follows: true,
  async make(making) {
    const { arn, role } = functionOf(making, await making.property('FunctionName'))
    const qualifier = (await textOf(making, 'Qualifier')) ?? '$LATEST'
    const { OnFailure } = ((await making.property('DestinationConfig')) ?? {}) as {
      OnFailure?: { Destination?: string }
    }
    const send =
      OnFailure?.Destination === undefined
        ? undefined
        : await sendTo(making, OnFailure.Destination, { roleArn: role ?? '' })
    const config: AsynchronousConfig = {
      retryAttempts: await numberOf(making, 'MaximumRetryAttempts'),
      maxEventAgeSeconds: await numberOf(making, 'MaximumEventAgeInSeconds'),
      ...(send && { onFailure: (given) => send(() => JSON.stringify(recordOf(given))) }),
    }
    const invoked = qualifier === '$LATEST' ? arn : `${arn}:${qualifier}`
    return { ref: making.logicalId, sources: [making.asynchronous.configure(invoked, config)] }
  },
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function recordOf({ requestId, condition, tries, arn, event, error, at }: GivenUp): object {
  const failed = error instanceof FunctionError ? error : undefined
  return {
    version: '1.0',
    timestamp: at.toISOString(),
    requestContext: {
      requestId,
      functionArn: arn.split(':').length > 7 ? arn : `${arn}:$LATEST`,
      condition,
      approximateInvokeCount: tries,
    },
    requestPayload: event,
    ...(failed && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: {
        errorType: failed.errorType,
        errorMessage: failed.errorMessage,
        trace: failed.trace,
      },
    }),
  }
}

/** Of an error's text "the first 1 KB": https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq */
const MESSAGE_CHARACTERS = 1_024

const text = (StringValue: string) => ({ DataType: 'String', StringValue })

/** The event itself, with what went wrong as attributes. */
export async function deadLetterOf(
  making: Making,
  queueArn: string,
  roleArn: string,
): Promise<AsynchronousConfig> {
  const { sqsClient } = making.aws.clients
  const [, , service, , , QueueName] = queueArn.split(':')
  if (service !== 'sqs') {
    tell(
      making,
      `the dead-letter target ${queueArn} gets nothing: the local AWS delivers to its own queues only`,
    )
    return {}
  }
  const { QueueUrl } = await sqsClient.send(new GetQueueUrlCommand({ QueueName }))
  const onFailure = async ({ requestId, event, error }: GivenUp) => {
    const message = error instanceof FunctionError ? error.errorMessage : String(error)
    const MessageAttributes = {
      RequestID: text(requestId),
      ErrorCode: { DataType: 'Number', StringValue: error instanceof FunctionError ? '200' : '429' },
      ErrorMessage: text(message.slice(0, MESSAGE_CHARACTERS) || 'unknown'),
    }
    try {
      assertMay(making, queueArn, { roleArn })
      await sqsClient.send(
        new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event), MessageAttributes }),
      )
    } catch (error) {
      tell(making, `cannot send a dead letter to ${queueArn}: ${String(error)}`)
    }
  }
  return { onFailure }
}
