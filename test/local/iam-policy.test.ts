/** What policies allow: by action, resource and condition, as AWS documents it. */
import { describe, expect, it } from 'vitest'
import { holds } from '../../lib/local/iam/conditions.ts'
import { managedPolicy } from '../../lib/local/iam/managed.ts'
import { isArnLike, isLike } from '../../lib/local/iam/patterns.ts'
import { type Ask, decide, rulesOf } from '../../lib/local/iam/policy.ts'
import type { PolicyStatement } from '../../lib/local/iam/types.ts'

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:jobs'
const send: Ask = { action: 'sqs:SendMessage', resource: QUEUE }

function allows(statements: readonly Partial<PolicyStatement>[], ask: Ask = send): boolean {
  const Statement = statements.map((one) => ({ Effect: 'Allow' as const, ...one }))
  return decide(rulesOf('P', { Statement }), ask).allowed
}

describe('a policy', () => {
  it.each<[string, boolean, Partial<PolicyStatement>[]]>([
    ['the action on the resource', true, [{ Action: 'sqs:SendMessage', Resource: QUEUE }]],
    ['actions in other letters', true, [{ Action: 'SQS:sendmessage', Resource: QUEUE }]],
    ['one of several', true, [{ Action: ['sqs:Get*', 'sqs:Send*'], Resource: ['arn:aws:s3:::x', '*'] }]],
    ['a character', true, [{ Action: 'sqs:SendMessag?', Resource: QUEUE }]],
    ['another action', false, [{ Action: 'sqs:ReceiveMessage', Resource: QUEUE }]],
    ['a longer action', false, [{ Action: 'sqs:SendMessageBatch', Resource: QUEUE }]],
    ['another queue', false, [{ Action: 'sqs:*', Resource: `${QUEUE}2` }]],
    ['a resource in other letters', false, [{ Action: 'sqs:*', Resource: QUEUE.replace('jobs', 'Jobs') }]],
    ['all but other actions', true, [{ NotAction: 's3:*', Resource: '*' }]],
    ['all but this action', false, [{ NotAction: ['s3:*', 'sqs:*'], Resource: '*' }]],
    ['all but this resource', false, [{ Action: '*', NotResource: `${QUEUE}*` }]],
    ['nothing', false, []],
    [
      'a wildcard that a deny takes back',
      false,
      [
        { Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'sqs:SendMessage', Resource: QUEUE },
      ],
    ],
    [
      'a deny of something else',
      true,
      [
        { Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'sqs:DeleteMessage', Resource: QUEUE },
      ],
    ],
    [
      'a variable that the request has',
      true,
      [{ Action: '*', Resource: `${QUEUE.slice(0, -4)}\${aws:Name}` }],
    ],
    ['a variable that it has not', false, [{ Action: '*', Resource: `\${aws:Other}*` }]],
  ])('of %s: %s', (_, expected, statements) => {
    expect(allows(statements, { ...send, context: { 'aws:name': ['jobs'] } })).toBe(expected)
  })

  it('tells all rules that allow it, so that one that is needed alone is known', () => {
    const rules = rulesOf('P', {
      Statement: [
        { Effect: 'Allow', Action: ['sqs:SendMessage', 'sqs:DeleteMessage'], Resource: [QUEUE, '*'] },
        { Effect: 'Allow', Action: 'sqs:*', Resource: QUEUE },
      ],
    })
    expect(rules).toHaveLength(5)
    expect(decide(rules, send)).toMatchObject({
      allowed: true,
      by: [{ statement: 0 }, { statement: 0 }, { statement: 1 }],
    })
  })
})

describe('a condition', () => {
  const context = {
    'dynamodb:leadingkeys': ['R#1', 'L#2'],
    'aws:sourcearn': ['arn:aws:events:us-east-1:000000000000:rule/bus/name'],
    'aws:securetransport': ['true'],
    's3:max-keys': ['10'],
    'aws:currenttime': ['2026-11-27T10:00:00Z'],
  }

  it.each<[boolean, PolicyStatement['Condition']]>([
    [true, { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['R#*', 'L#*'] } }],
    [false, { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['R#*'] } }],
    [true, { 'ForAllValues:StringLike': { 'dynamodb:Attributes': ['a'] } }],
    [true, { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': ['R#*'] } }],
    [false, { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': ['X#*'] } }],
    [false, { 'ForAnyValue:StringLike': { 'dynamodb:Attributes': ['*'] } }],
    [true, { StringLike: { 'dynamodb:LeadingKeys': 'R#?' } }],
    [false, { StringEquals: { 'dynamodb:LeadingKeys': 'R#*' } }],
    [false, { StringEquals: { 'aws:Nothing': 'x' } }],
    [true, { StringEqualsIfExists: { 'aws:Nothing': 'x' } }],
    [true, { StringNotEquals: { 'aws:Nothing': 'x' } }],
    [false, { StringNotLike: { 'AWS:SourceArn': 'arn:*' } }],
    [true, { StringEqualsIgnoreCase: { 'aws:SecureTransport': 'TRUE' } }],
    [true, { ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:000000000000:rule/*' } }],
    [false, { ArnEquals: { 'aws:SourceArn': 'arn:aws:events:*:rule/bus/name' } }],
    [false, { Bool: { 'aws:SecureTransport': 'false' } }],
    [false, { Bool: { 'aws:SecureTransport': false } }],
    [true, { Null: { 'aws:Nothing': 'true', 'aws:SourceArn': 'false' } }],
    [false, { Null: { 'aws:SourceArn': true } }],
    [true, { NumericLessThanEquals: { 's3:max-keys': 10 }, NumericGreaterThan: { 's3:max-keys': '9' } }],
    [false, { NumericNotEquals: { 's3:max-keys': '10' } }],
    [true, { DateLessThan: { 'aws:CurrentTime': '2026-11-28T00:00:00Z' } }],
    [false, { DateLessThan: { 'aws:CurrentTime': '2026-11-27T00:00:00Z' } }],
    [false, { Bool: { 'aws:SecureTransport': 'true' }, StringEquals: { 'aws:Nothing': 'x' } }],
  ])('is %s: %j', (expected, condition) => {
    expect(holds(condition, context)).toBe(expected)
  })

  it('that is not played is refused where the policy is read, not where a request comes', () => {
    const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
    expect(() => allows([{ Action: '*', Condition }])).toThrow(
      'the condition operator IpAddress is not played: startLocalAws({ strict: false }) checks no permissions; played are StringEquals,',
    )
  })
})

describe('patterns', () => {
  it('take no character of theirs for another', () => {
    expect(isLike('a.b', 'a.b')).toBe(true)
    expect(isLike('axb', 'a.b')).toBe(false)
    expect(isLike('a\nb', 'a*b')).toBe(true)
    expect(isLike('', '*')).toBe(true)
    expect(isLike('a', 'A')).toBe(false)
  })

  it('reach over no colon of an ARN but the last ones', () => {
    expect(isArnLike('arn:aws:lambda:r:1:function:f:live', 'arn:aws:lambda:r:1:function:*')).toBe(true)
    expect(isArnLike('arn:aws:lambda:r:1:function:f', 'arn:aws:lambda:*:function:f')).toBe(false)
  })
})

describe('policies of AWS', () => {
  it('are known, or not', () => {
    const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'
    expect(managedPolicy(basic)).toEqual({ Statement: [] })
    expect(managedPolicy('arn:aws:iam::aws:policy/AmazonSQSFullAccess')?.Statement).toMatchObject([
      { Action: ['sqs:*'] },
    ])
    expect(managedPolicy('arn:aws:iam::aws:policy/ReadOnlyAccess')).toBeUndefined()
    expect(managedPolicy('arn:aws:iam::000000000000:policy/AdministratorAccess')).toBeUndefined()
  })
})
