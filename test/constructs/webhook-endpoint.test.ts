import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { ValueBucket, WebhookEndpoint } from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  newParts,
  newStack,
  permissionsOf,
  problemsOf,
  readable,
  resourceOf,
  synthesise,
} from './support.ts'

describe('WebhookEndpoint', () => {
  const stack = newStack()
  const values = new ValueBucket(stack, 'Values')
  const webhook = new WebhookEndpoint(stack, 'Webhook', {
    ...newParts(stack),
    values,
    reservedConcurrency: 5,
  })
  const template = Template.fromStack(stack)

  it('is public, since its URLs hold the secret', () => {
    expect(resourceOf(template, 'AWS::Lambda::Url', 'WebhookFunctionUrl')).toMatchObject({ AuthType: 'NONE' })
    const permissions = template.findResources('AWS::Lambda::Permission') as Record<
      string,
      { Properties: { Action: string; Principal: string } }
    >
    const actions = Object.values(permissions).map(
      ({ Properties: { Action, Principal } }) => `${Principal} ${Action}`,
    )
    expect(actions.toSorted()).toEqual(['* lambda:InvokeFunction', '* lambda:InvokeFunctionUrl'])
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      InvokedViaFunctionUrl: true,
    })
  })

  it('has no URL of its own behind a front of the user', () => {
    const { template: fronted, service } = synthesise({
      entry,
      webhook: { url: 'https://hooks.example.com/flows', reservedConcurrency: 3 },
    })
    fronted.resourceCountIs('AWS::Lambda::Url', 0)
    expect(service.webhook?.functionUrl).toBeUndefined()
    expect(environmentOf(fronted, 'FlowsWorker')).toMatchObject({
      FLOWCRAFT_WEBHOOK_URL: 'https://hooks.example.com/flows',
    })
  })

  it.each(['http://hooks.example.com', 'hooks.example.com', 'https://x?a=b', 'https://', ''])(
    'is not at %s',
    (url) => {
      expect(
        problemsOf((scope) => new WebhookEndpoint(scope, 'Webhook', { ...newParts(scope), url })),
      ).toEqual([`url must be an https URL without a query, got ${url}`])
    },
  )

  it('says where it is', () => {
    expect(readable(stack.resolve(webhook.url))).toBe('<WebhookFunctionUrl.FunctionUrl>')
  })

  it('may give runs events, and no more', () => {
    expect(permissionsOf(template)).toEqual([
      'WebhookRole: logs:CreateLogStream logs:PutLogEvents on <WebhookLogs.Arn>',
      'WebhookRole: dynamodb:GetItem on <State.Arn>',
      'WebhookRole: dynamodb:PutItem on <State.Arn> if dynamodb:LeadingKeys is R#*',
      'WebhookRole: s3:PutObject on <Values.Arn>/runs/*',
      'WebhookRole: sqs:SendMessage on <Jobs.Arn>',
    ])
  })

  it('bounds what strangers can cost, where asked to', () => {
    expect(resourceOf(template, 'AWS::Lambda::Function', 'Webhook')).toMatchObject({
      ReservedConcurrentExecutions: 5,
    })
  })

  it('has metrics of its function', () => {
    expect([webhook.metricErrors(), webhook.metricInvocations()].map(({ metricName }) => metricName)).toEqual(
      ['Errors', 'Invocations'],
    )
  })

  it('lists all impossible combinations at once', () => {
    const sizes = { memorySize: 20_000, reservedConcurrency: 0.5 }
    expect(
      problemsOf((stack) => new WebhookEndpoint(stack, 'Webhook', { ...newParts(stack), ...sizes })),
    ).toEqual([
      'memorySize must be a whole number from 128 to 10240, got 20000',
      'reservedConcurrency must be a whole number from 1 to 1000000, got 0.5',
    ])
  })
})
