/** The function that others invoke to start runs. */
import { createHash } from 'node:crypto'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import {
  Grant,
  type IGrantable,
  type IPrincipal,
  type IResourceWithPolicy,
  UnknownPrincipal,
} from 'aws-cdk-lib/aws-iam'
import { Function } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import {
  functionDefaults,
  type FunctionOptions,
  functionProblems,
  type FunctionSize,
  type OverridableFunction,
} from './function-options.ts'
import { setEnvironment } from './grant-environment.ts'
import { ownHandler } from './own-handler.ts'
import { givenOf, throwProblems } from './problems.ts'
import { environmentOf, grantSendJobs, type ServiceParts } from './service-parts.ts'
import { USER_CODE, type UserCode, userCodeProblems, userFunction } from './user-code.ts'

export interface StartRunFunctionProps
  extends ServiceParts, UserCode, FunctionOptions, FunctionSize, OverridableFunction {}

/**
 * Starts runs when it is invoked. By default it accepts every start; with `entry` (or `code`) it is a handler of
 * `createStartRunHandler({ flows })`, which rejects a start that no worker could run.
 *
 * @example
 * const startRun = new StartRunFunction(this, 'StartRun', { state, jobs })
 * startRun.grantStartRun(orderApi)
 */
export class StartRunFunction extends Construct {
  readonly function: Function
  readonly logGroup: ILogGroup

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: StartRunFunctionProps) {
    super(scope, id)
    const users = givenOf(props, USER_CODE).length > 0
    throwProblems(this, [...functionProblems(props), ...(users ? userCodeProblems(this, props) : [])])
    const options = functionDefaults(this, props, environmentOf(this, props))
    this.logGroup = options.logGroup
    this.function = users
      ? userFunction(this, 'Resource', props, options)
      : new Function(this, 'Resource', {
          ...options,
          code: ownHandler('start-run'),
          handler: 'index.handler',
        })
    props.state.grantPutData(this.function, users ? ['labels', 'graphs'] : ['labels'])
    props.values?.grantPut(this.function)
    grantSendJobs(props, this.function)
  }

  /**
   * Grants invoking this function, and nothing else of the service. A grantee of another account, or an AWS service, is
   * let in by the function's policy.
   */
  grantInvoke(grantee: IGrantable): Grant {
    const { functionArn } = this.function
    const allowed = { grantee, actions: ['lambda:InvokeFunction'], resourceArns: [functionArn] }
    // Of a function that was imported without its role: the CDK warns, and no policy could name it.
    if (grantee.grantPrincipal instanceof UnknownPrincipal) return Grant.addToPrincipal(allowed)
    return Grant.addToPrincipalOrResource({ ...allowed, resource: invocable(this.function, grantee) })
  }

  /**
   * As `grantInvoke`, and sets the environment of a function: `new StartRunInvoker()` needs no options there.
   * @throws Error if the function has the environment of another service
   */
  grantStartRun(grantee: IGrantable): Grant {
    const { functionName } = this.function
    setEnvironment(this, grantee, { [environmentVariables.startRunFunctionName]: functionName })
    return this.grantInvoke(grantee)
  }

  /** @default - the sum over 5 minutes */
  metricErrors(options?: MetricOptions): Metric {
    return this.function.metricErrors(options)
  }

  /** @default - the sum over 5 minutes */
  metricInvocations(options?: MetricOptions): Metric {
    return this.function.metricInvocations(options)
  }
}

/** A function's policy is made of permissions, each for one principal. */
function invocable(fn: Function, { grantPrincipal: principal }: IGrantable): IResourceWithPolicy {
  const { node, stack, env } = fn
  return {
    node,
    stack,
    env,
    with: (...mixins) => fn.with(...mixins),
    applyRemovalPolicy: (policy) => fn.applyRemovalPolicy(policy),
    addToResourcePolicy() {
      const id = `Invoke-${createHash('sha256').update(nameOf(fn, principal)).digest('hex').slice(0, 8)}`
      if (!fn.node.tryFindChild(id)) fn.addPermission(id, { principal, action: 'lambda:InvokeFunction' })
      const policyDependable = fn.node.tryFindChild(id)
      return policyDependable ? { statementAdded: true, policyDependable } : { statementAdded: true }
    },
  }
}

/** The same for the same principal, whose permission is made once. */
function nameOf({ stack }: Function, { policyFragment }: IPrincipal): string {
  const { principalJson, conditions } = policyFragment
  return JSON.stringify(stack.resolve([principalJson, conditions]))
}
