/** A client for stores that are usable alone. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, type TranslateConfig } from '@aws-sdk/lib-dynamodb'
import { requestFailed } from '../common/errors.ts'

export type AskingClient = Pick<DynamoDBDocumentClient, 'send'>

/**
 * A document client whose requests fail with this package's errors: REQUEST_FAILED, or REQUEST_REFUSED where the same
 * request can never succeed. A condition that does not hold is thrown as the SDK has it.
 */
export function askingClient(client: DynamoDBClient, table: string, config: TranslateConfig): AskingClient {
  const documents = DynamoDBDocumentClient.from(client, config)
  const send = async (...request: [never]) => {
    try {
      return await documents.send(...request)
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) throw error
      throw requestFailed(`a request to DynamoDB table '${table}'`, error)
    }
  }
  return { send: send as AskingClient['send'] }
}
