import { Duration } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { describe, expect, it } from 'vitest'
import { StartRunFunction, ValueBucket } from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  newParts,
  newStack,
  permissionsOf,
  problemsOf,
  readable,
  resourceOf,
} from './support.ts'

const FUNCTION = 'AWS::Lambda::Function'

describe('StartRunFunction', () => {
  it('may accept runs, and no more', () => {
    const stack = newStack()
    const values = new ValueBucket(stack, 'Values')
    new StartRunFunction(stack, 'StartRun', { ...newParts(stack), values })
    expect(permissionsOf(Template.fromStack(stack))).toEqual([
      'StartRunRole: logs:CreateLogStream logs:PutLogEvents on <StartRunLogs.Arn>',
      'StartRunRole: dynamodb:GetItem on <State.Arn>',
      'StartRunRole: dynamodb:PutItem on <State.Arn> if dynamodb:LeadingKeys is R#* or L#*',
      'StartRunRole: s3:PutObject on <Values.Arn>/runs/*',
      'StartRunRole: sqs:SendMessage on <Jobs.Arn>',
    ])
  })

  it("runs the package's own handler, or the user's", () => {
    const stack = newStack()
    const parts = newParts(stack)
    new StartRunFunction(stack, 'Ours', parts)
    new StartRunFunction(stack, 'Entry', { ...parts, entry, handler: 'startRun' })
    new StartRunFunction(stack, 'Code', { ...parts, code: Code.fromInline('//'), handler: 'flows.startRun' })
    const template = Template.fromStack(stack)
    const handler = (id: string) => resourceOf(template, FUNCTION, id)['Handler']
    expect(['Ours', 'Entry', 'Code'].map(handler)).toEqual([
      'index.handler',
      'index.startRun',
      'flows.startRun',
    ])
    expect(environmentOf(template, 'Ours')).not.toHaveProperty('NODE_OPTIONS')
  })

  it('takes its size and its environment', () => {
    const stack = newStack()
    const environment = { STAGE: 'test' }
    const size = { memorySize: 256, timeout: Duration.seconds(10) }
    new StartRunFunction(stack, 'StartRun', { ...newParts(stack), ...size, environment })
    expect(resourceOf(Template.fromStack(stack), FUNCTION, 'StartRun')).toMatchObject({
      MemorySize: 256,
      Timeout: 10,
      Environment: { Variables: environment },
    })
  })

  it('is granted with its name, or without', () => {
    const stack = newStack()
    const startRun = new StartRunFunction(stack, 'StartRun', newParts(stack))
    const caller = (id: string) => {
      const code = Code.fromInline('//')
      return new Function(stack, id, { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X })
    }
    startRun.grantStartRun(caller('Told'))
    startRun.grantInvoke(caller('Untold'))
    const template = Template.fromStack(stack)
    for (const id of ['Told', 'Untold']) {
      expect(permissionsOf(template, new RegExp(`^${id}`))).toEqual([
        `${id}ServiceRole: lambda:InvokeFunction on <StartRun.Arn>`,
      ])
    }
    expect(readable(environmentOf(template, 'Told')['FLOWCRAFT_START_RUN_FUNCTION_NAME'])).toBe('<StartRun>')
    expect(resourceOf(template, FUNCTION, 'Untold')).not.toHaveProperty('Environment')
  })

  it('has metrics of its function', () => {
    const stack = newStack()
    const startRun = new StartRunFunction(stack, 'StartRun', newParts(stack))
    expect(
      [startRun.metricErrors(), startRun.metricInvocations()].map(({ metricName }) => metricName),
    ).toEqual(['Errors', 'Invocations'])
  })

  it('lists all impossible combinations at once', () => {
    const make = problemsOf(
      (stack) =>
        new StartRunFunction(stack, 'StartRun', {
          ...newParts(stack),
          memorySize: 1,
          entry: 'none.ts',
          handler: 'a.b',
        }),
    )
    expect(
      problemsOf(
        (stack) => new StartRunFunction(stack, 'StartRun', { ...newParts(stack), handler: 'startRun' }),
      ),
    ).toEqual(['give either entry or code with handler, got neither'])
    expect(make).toEqual([
      'memorySize must be a whole number from 128 to 10240, got 1',
      'entry must be a file, got none.ts, which is not there',
      'handler must be the name of an export of entry, got a.b',
    ])
  })
})
