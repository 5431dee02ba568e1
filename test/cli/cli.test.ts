/** What the command line does without a service: which one it means, what it prints, and how it ends. */
import { CloudFormationClient, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation'
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { type AwsClientStub, mockClient } from 'aws-sdk-client-mock'
import { createFlow, NullLogger } from 'flowcraft'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exitCodeOf, sentenceOf } from '../../lib/cli/exit-codes.ts'
import { findService } from '../../lib/cli/find-service.ts'
import { colorsOf, type Io } from '../../lib/cli/io.ts'
import { main } from '../../lib/cli/main.ts'
import { durationText, runLines, table } from '../../lib/cli/render.ts'
import { FlowcraftAwsError } from '../../lib/index.ts'
import { TestService } from '../../lib/testing/index.ts'

let cloudFormation: AwsClientStub<CloudFormationClient>
let lambda: AwsClientStub<LambdaClient>
const region = 'eu-north-1'
const clients = () => ({
  cloudFormation: new CloudFormationClient({ region }),
  lambda: new LambdaClient({ region }),
})

const ofService = (name: string) => ({
  FLOWCRAFT_QUEUE_URL: `https://sqs.test/${name}`,
  FLOWCRAFT_TABLE_NAME: `table-${name}`,
  FLOWCRAFT_SERVICE_NAME: name,
})

function functions(stack: Record<string, Record<string, string>>): void {
  const names = Object.keys(stack)
  cloudFormation.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: [
      { ResourceType: 'AWS::SQS::Queue', PhysicalResourceId: 'queue' },
      ...names.map((name) => ({ ResourceType: 'AWS::Lambda::Function', PhysicalResourceId: name })),
    ].map((each) => ({
      ...each,
      LogicalResourceId: each.PhysicalResourceId,
      LastUpdatedTimestamp: new Date(0),
      ResourceStatus: 'CREATE_COMPLETE',
    })),
  })
  for (const [FunctionName, Variables] of Object.entries(stack))
    lambda.on(GetFunctionConfigurationCommand, { FunctionName }).resolves({ Environment: { Variables } })
}

beforeEach(() => {
  cloudFormation = mockClient(CloudFormationClient)
  lambda = mockClient(LambdaClient)
})
// Other tests of this process have clients of these classes.
afterEach(() => {
  cloudFormation.restore()
  lambda.restore()
})

describe('the service', () => {
  it('is that of a stack, by what its functions know together', async () => {
    functions({
      other: { SECRET: 'x' },
      worker: { ...ofService('shop'), FLOWCRAFT_POOL: 'heavy', OWN: 'y' },
      sweep: { ...ofService('shop'), FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'https://sqs.test/dead' },
    })
    expect(await findService({ stack: 'Shop' }, {}, clients)).toEqual({
      ...ofService('shop'),
      FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'https://sqs.test/dead',
    })
  })

  it('is named where a stack has several', async () => {
    functions({ a: ofService('shop'), b: ofService('bank') })
    await expect(findService({ stack: 'All' }, {}, clients)).rejects.toThrow(
      "stack 'All' has several services: name one by --service: 'shop', 'bank'",
    )
    expect(await findService({ stack: 'All', service: 'bank' }, {}, clients)).toEqual(ofService('bank'))
    await expect(findService({ stack: 'All', service: 'x' }, {}, clients)).rejects.toThrow(
      "it has 'shop', 'bank'",
    )
    functions({ other: {} })
    await expect(findService({ stack: 'None' }, {}, clients)).rejects.toThrow(
      "stack 'None' has no Flowcraft service",
    )
  })

  it('is that of a function, or of the environment', async () => {
    functions({ worker: ofService('shop'), other: {} })
    expect(await findService({ function: 'worker' }, {}, clients)).toEqual(ofService('shop'))
    await expect(findService({ function: 'other' }, {}, clients)).rejects.toThrow(
      "function 'other' is none of a Flowcraft service: it has no FLOWCRAFT_TABLE_NAME",
    )
    expect(await findService({}, ofService('shop'), clients)).toEqual({})
    await expect(findService({}, {}, clients)).rejects.toThrow('no service is named')
  })

  it('of an account that one may not look at is a matter of permission', async () => {
    const denied = Object.assign(new Error('not authorized to perform: cloudformation:ListStackResources'), {
      name: 'AccessDenied',
    })
    cloudFormation.on(ListStackResourcesCommand).rejects(denied)
    const { io, err } = ioOf()
    expect(await main(['list', '--stack', 'Shop'], io, { clients })).toBe(5)
    expect(err).toEqual(['error: not authorized to perform: cloudformation:ListStackResources'])
  })
})

function ioOf(options: Partial<Io> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const io: Io = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    env: {},
    isTerminal: false,
    signal: new AbortController().signal,
    now: () => 0,
    confirm: async () => false,
    ...options,
  }
  return { io, out, err }
}

const red = (options: Partial<Io>) => colorsOf(ioOf(options).io).red('x')

describe('what is told', () => {
  it('is help, without a service', async () => {
    const { io, out } = ioOf()
    expect(await main(['--help'], io)).toBe(0)
    expect(out.join('\n')).toContain('Exit codes:')
    expect(await main(['redrive', '--help'], io)).toBe(0)
    expect(out.join('\n')).toContain('--failed-since <time>')
    expect(await main([], io)).toBe(2)
  })

  it('is an exit code for each kind of trouble', () => {
    expect(exitCodeOf(new FlowcraftAwsError('RUN_NOT_FOUND', 'no'))).toBe(3)
    expect(exitCodeOf(new FlowcraftAwsError('INVALID_STATE', 'no'))).toBe(4)
    expect(exitCodeOf(new FlowcraftAwsError('RUN_TIMEOUT', 'no'))).toBe(6)
    expect(exitCodeOf(new Error('no'))).toBe(1)
    const cause = Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' })
    const wrapped = new FlowcraftAwsError('REQUEST_FAILED', 'DynamoDB GetItem failed', { cause })
    expect(exitCodeOf(wrapped)).toBe(5)
    expect(sentenceOf(wrapped)).toBe('DynamoDB GetItem failed: Could not load credentials')
  })

  it('has colours for people, unless they want none', () => {
    expect(red({ isTerminal: true })).not.toBe('x')
    expect(red({ isTerminal: true, env: { NO_COLOR: '1' } })).toBe('x')
    expect(red({ isTerminal: false })).toBe('x')
  })

  it('stands in columns, colours and all', () => {
    const colored = colorsOf(ioOf({ isTerminal: true }).io).red('bb')
    expect(
      table([
        ['a', colored, 'c'],
        ['aaa', 'b', 'c'],
      ]),
    ).toEqual([`a    ${colored}  c`, 'aaa  b   c'])
    expect([12, 3_400, 65_000, 4_320_000, 180_000_000].map(durationText)).toEqual([
      '12ms',
      '3.4s',
      '1m 5s',
      '1h 12m',
      '2d 2h',
    ])
  })

  it('is each node of a run, with what it waits for and what it failed with', async () => {
    const flow = createFlow('pay')
      .node('price', async () => ({ output: 1 }))
      .wait('approve')
      .node('charge', async () => {
        throw new TypeError('no card')
      })
      .edge('price', 'approve')
      .edge('approve', 'charge')
    const service = new TestService({ flows: [flow], logger: new NullLogger() })
    const colors = colorsOf(ioOf().io)
    const waiting = await service.run({ blueprintId: 'pay', runId: 'r1' })
    const lines = runLines(colors, waiting, service.now + 65_000)
    expect(lines).toEqual([
      'r1  pay  awaiting  1m 5s',
      '  price    completed',
      '  approve  waiting    external event',
      '  charge   not run',
    ])
    await service.resume('r1')
    await service.settle()
    expect(runLines(colors, await service.get('r1'), service.now).at(-1)).toContain('charge: ')
  })
})
