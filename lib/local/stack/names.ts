// Names of resources that a template gives none, and those that each template may refer to.

import { createHash, randomBytes } from 'node:crypto'

/** As CloudFormation makes names: stack, logical id and chance. */
export function nameOf(stackName: string, logicalId: string, length: number): string {
  return joined(stackName, logicalId, length, randomBytes(6).toString('hex'))
}

/** The same each time. */
export function steadyNameOf(stackName: string, logicalId: string, length: number): string {
  const hash = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex')
  return joined(stackName, logicalId, length, hash.slice(0, 12))
}

function joined(stackName: string, logicalId: string, length: number, end: string): string {
  return `${`${stackName}-${logicalId}`.slice(0, length - end.length - 1)}-${end}`
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
export function pseudoParameters(
  { region, accountId }: { readonly region: string; readonly accountId: string },
  stackName: string,
  stackId: string,
): Readonly<Record<string, string | undefined>> {
  return {
    'AWS::AccountId': accountId,
    'AWS::NoValue': undefined,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': stackId,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  }
}
