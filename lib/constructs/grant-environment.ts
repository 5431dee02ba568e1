/** Sets the environment variables that say where a service is. A function's environment can point to one service only. */
import { Annotations } from 'aws-cdk-lib'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Function } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** Which value a service gave a variable of a function: kept at the function, since an app may have this package twice. */
const TOLD = Symbol.for('flowcraft-aws.environment')

/**
 * Sets the variables where `grantee` is a function of this app; a role, a user or an imported function is left to
 * whoever owns it.
 *
 * @throws Error where another service set one of them to another value
 */
export function setEnvironment(
  owner: Construct,
  grantee: IGrantable,
  environment: Readonly<Record<string, string>>,
): void {
  if (!takesEnvironment(grantee)) {
    if (!('functionArn' in grantee)) return
    const names = Object.keys(environment).join(', ')
    Annotations.of(owner).addWarningV2(
      'flowcraft-aws:importedFunction',
      `the environment of an imported function cannot be set: its owner must set ${names}`,
    )
    return
  }
  const known = toldOf(grantee)
  for (const [name, value] of Object.entries(environment)) {
    const other = known.get(name)
    if (other !== undefined && other !== value) {
      throw new Error(
        `cannot grant ${owner.node.path} to ${grantee.node.path}: its ${name} is another service's; grant it without environment (grants of the service's parts) and give the names as options`,
      )
    }
    known.set(name, value)
    grantee.addEnvironment(name, value)
  }
}

function toldOf(grantee: object): Map<string, string> {
  const holder: { [TOLD]?: Map<string, string> } = grantee
  return (holder[TOLD] ??= new Map())
}

/** By its method, not its class: an app may have the CDK twice. */
function takesEnvironment(grantee: IGrantable): grantee is Function {
  return 'addEnvironment' in grantee && typeof grantee.addEnvironment === 'function'
}
