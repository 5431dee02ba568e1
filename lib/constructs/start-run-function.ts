/** The function that others invoke to start runs. */
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { Function } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import {
  functionDefaults,
  type FunctionOptions,
  functionProblems,
  type FunctionSize,
} from './function-options.ts'
import { setEnvironment } from './grant-environment.ts'
import { ownHandler } from './own-handler.ts'
import { givenOf, throwProblems } from './problems.ts'
import { environmentOf, grantSendJobs, type ServiceParts } from './service-parts.ts'
import { USER_CODE, type UserCode, userCodeProblems, userFunction } from './user-code.ts'

export interface StartRunFunctionProps extends ServiceParts, UserCode, FunctionOptions, FunctionSize {}

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
    throwProblems(this, [...functionProblems(props), ...(users ? userCodeProblems(props) : [])])
    const defaults = functionDefaults(this, props)
    const environment = { ...environmentOf(this, props), ...props.environment }
    const options = { ...defaults, environment }
    this.logGroup = defaults.logGroup
    this.function = users
      ? userFunction(this, 'Resource', props, options)
      : new Function(this, 'Resource', {
          ...options,
          code: ownHandler('start-run'),
          handler: 'index.handler',
        })
    props.state.grantPutData(this.function)
    props.values?.grantPut(this.function)
    grantSendJobs(props, this.function)
  }

  /** Grants invoking this function, and nothing else of the service. */
  grantInvoke(grantee: IGrantable): Grant {
    const { functionArn } = this.function
    return Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [functionArn] })
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
