/** A customer's KMS key: who may use it for what, by exact actions. */
import { Annotations, ArnFormat, Stack } from 'aws-cdk-lib'
import { type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'

/** What SQS and S3 ask of whoever reads, and of whoever writes. */
export const keyActions = {
  read: ['kms:Decrypt'],
  /** Sending to an encrypted queue also decrypts: SQS verifies the data key before it uses it. */
  write: ['kms:Decrypt', 'kms:GenerateDataKey'],
  /**
   * What DynamoDB asks of whoever uses an encrypted table, and CloudWatch Logs for itself; the docs of both write
   * `ReEncrypt*` and `GenerateDataKey*`.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
   */
  table: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
  tableRead: ['kms:Decrypt', 'kms:DescribeKey'],
} as const

export function grantKey(key: IKey | undefined, grantee: IGrantable, actions: readonly string[]): void {
  key?.grant(grantee, ...actions)
}

/**
 * Lets CloudWatch Logs use the key for the log groups of this account and region: a log group that named only itself
 * would depend on the key and the key on it.
 */
export function allowLogs(scope: Construct, key: IKey | undefined): void {
  if (!key) return
  const stack = Stack.of(scope)
  const groups = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  const { statementAdded } = key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
      actions: [...keyActions.table],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
    }),
  )
  if (statementAdded) return
  Annotations.of(scope).addWarningV2(
    'flowcraft-aws:importedKey',
    `the policy of the imported encryptionKey must let logs.${stack.region}.amazonaws.com encrypt and decrypt`,
  )
}
