/** The webhook endpoint: a function with a public URL that resumes runs. */
import { Token } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Function, FunctionUrlAuthType, type FunctionUrl } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import {
  functionDefaults,
  type FunctionOptions,
  functionProblems,
  type FunctionSize,
  type OverridableFunction,
} from './function-options.ts'
import { ownHandler } from './own-handler.ts'
import { reservedProblems, throwProblems } from './problems.ts'
import { environmentOf, grantSendJobs, type ServiceParts } from './service-parts.ts'

/** Settings of the webhook endpoint. */
export interface WebhookOptions {
  /**
   * Concurrent executions reserved for the function, at least 1; also their maximum, which bounds what a flood of
   * requests costs.
   * @default - none: the account's unreserved concurrency
   */
  readonly reservedConcurrency?: number
  /**
   * The public URL, https, at which a front of yours takes webhooks and hands them to the function, such as an HTTP API or
   * CloudFront, with a firewall and limits of its own. There is no function URL then.
   * @default - a function URL, which anybody can call
   */
  readonly url?: string
}

export interface WebhookEndpointProps
  extends ServiceParts, FunctionOptions, FunctionSize, OverridableFunction, WebhookOptions {}

/**
 * A function URL without authentication: webhooks come from outside, and each URL that a run hands out ends with a
 * token of 256 random bits, good for one event.
 *
 * @example
 * const webhook = new WebhookEndpoint(this, 'Webhook', { state, jobs })
 * new WorkerFunction(this, 'Worker', { entry: 'src/worker.ts', state, jobs, webhookUrl: webhook.url })
 */
export class WebhookEndpoint extends Construct {
  readonly function: Function
  /** Undefined with a `url` of one's own. */
  readonly functionUrl?: FunctionUrl
  /** URL of the endpoint, `webhookUrl` of the workers. */
  readonly url: string
  readonly logGroup: ILogGroup

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: WebhookEndpointProps) {
    super(scope, id)
    throwProblems(this, [...functionProblems(props), ...webhookProblems(props)])
    const defaults = functionDefaults(this, props, environmentOf(this, props))
    this.logGroup = defaults.logGroup
    this.function = new Function(this, 'Resource', {
      ...defaults,
      code: ownHandler('webhook'),
      handler: 'index.handler',
      reservedConcurrentExecutions: defaults.reservedConcurrentExecutions ?? props.reservedConcurrency,
    })
    if (props.url === undefined) {
      this.functionUrl = this.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE })
    }
    this.url = props.url ?? (this.functionUrl as FunctionUrl).url
    props.state.grantPutData(this.function)
    props.values?.grantPut(this.function)
    grantSendJobs(props, this.function)
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

export function webhookProblems({ reservedConcurrency, url }: WebhookOptions, path = ''): string[] {
  const problems = reservedProblems(`${path}reservedConcurrency`, reservedConcurrency)
  if (url === undefined || Token.isUnresolved(url) || /^https:\/\/[^/?#\s]+(\/[^?#\s]*)?$/.test(url))
    return problems
  return [...problems, `${path}url must be an https URL without a query, got ${url}`]
}
