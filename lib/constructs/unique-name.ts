/** Physical names: two stacks made by the same code, `dev` and `prod` of one app, must not share one. */
import { createHash } from 'node:crypto'
import { Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** What stays of a long stack name, and of a long path in it; the hash tells them apart. */
const READABLE = 45

/** A name of at most 100 letters, digits and hyphens, from the stack's name and the path in the stack. */
export function uniqueName(scope: Construct): string {
  const stack = Stack.of(scope)
  const { stackName } = stack
  const path = scope.node.path.slice(stack.node.path.length + 1)
  // The name of a nested stack is CloudFormation's, and unique as it is.
  const isKnown = !Token.isUnresolved(stackName)
  const hash = createHash('sha256')
    .update(isKnown ? `${stackName}/${path}` : path)
    .digest('hex')
    .slice(0, 8)
  const readable = path.replace(/[^A-Za-z0-9]+/g, '-').slice(0, READABLE)
  return `${isKnown ? stackName.slice(0, READABLE) : stackName}-${readable}-${hash}`
}
