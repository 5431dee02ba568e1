/** Which service a command talks to: by flags, by the environment, the dev server that runs here, or flowcraft.json. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CloudFormationClient, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation'
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { type AwsClientStub, mockClient } from 'aws-sdk-client-mock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { devServerFile, findDevServer, removeDevServer, writeDevServer } from '../../lib/cli/dev-server.ts'
import { findService, type ServiceOptions } from '../../lib/cli/find-service.ts'
import { main } from '../../lib/cli/main.ts'
import { placeOf } from '../../lib/cli/service.ts'
import { ioOf } from './io.ts'

let cloudFormation: AwsClientStub<CloudFormationClient>
let lambda: AwsClientStub<LambdaClient>
/** The regions that clients were made for. */
let regions: (string | undefined)[]
const clients = (region = 'eu-north-1') => {
  regions.push(region)
  return { cloudFormation: new CloudFormationClient({ region }), lambda: new LambdaClient({ region }) }
}

/** Whose DynamoDB the dev servers of these tests have. */
let dynamodb: Server
let endpoint: string
let folder: string

beforeAll(async () => {
  dynamodb = createServer((_, res) => res.end('{}')).listen(0, '127.0.0.1')
  await once(dynamodb, 'listening')
  endpoint = `http://127.0.0.1:${(dynamodb.address() as AddressInfo).port}`
})
afterAll(() => void dynamodb.close())
beforeEach(async () => {
  cloudFormation = mockClient(CloudFormationClient)
  lambda = mockClient(LambdaClient)
  regions = []
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-cli-'))
})
// Other tests of this process have clients of these classes.
afterEach(async () => {
  cloudFormation.restore()
  lambda.restore()
  await rm(folder, { recursive: true })
})

const ofService = (name: string) => ({
  FLOWCRAFT_QUEUE_URL: `https://sqs.eu-north-1.amazonaws.com/111122223333/${name}`,
  FLOWCRAFT_TABLE_NAME: `table-${name}`,
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

const find = (options: ServiceOptions, env: NodeJS.ProcessEnv = {}, cwd = folder) =>
  findService(options, { env, cwd }, clients)

const service = (stack: string, name: string) => ({
  stack,
  name,
  environment: ofService(name),
  functions: [`${name}-worker`],
})
const server = (...services: ReturnType<typeof service>[]) => ({
  pid: process.pid,
  startedAt: new Date(0).toISOString(),
  region: 'us-east-1',
  env: { AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_ACCESS_KEY_ID: 'local' },
  services,
})
const defaults = (text: string) => writeFile(join(folder, 'flowcraft.json'), text)

describe('a service in an account', () => {
  it('is that of a stack, by what its functions know together', async () => {
    functions({
      other: { SECRET: 'x' },
      api: { ...ofService('shop'), POWERTOOLS_SERVICE_NAME: 'api' },
      worker: {},
      sweep: {
        ...ofService('shop'),
        FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'https://sqs.test/dead',
        POWERTOOLS_SERVICE_NAME: 'Flows',
      },
    })
    const Variables = {
      ...ofService('shop'),
      FLOWCRAFT_POOL: 'heavy',
      OWN: 'y',
      POWERTOOLS_SERVICE_NAME: 'Flows',
    }
    lambda
      .on(GetFunctionConfigurationCommand, { FunctionName: 'worker' })
      .resolves({ Environment: { Variables }, LoggingConfig: { LogGroup: 'workers' } })
    const env: NodeJS.ProcessEnv = { FLOWCRAFT_BUCKET_NAME: 'of another one', OTHER: 'z' }
    const found = await find({ stack: 'Shop' }, env)
    expect(found).toEqual({
      name: 'Shop/Flows',
      environment: {
        ...ofService('shop'),
        FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'https://sqs.test/dead',
      },
      functions: ['api', 'worker', 'sweep'],
      logGroups: ['/aws/lambda/api', 'workers', '/aws/lambda/sweep'],
    })
    expect(env).toEqual({ ...found.environment, OTHER: 'z' })
    expect(placeOf(found, env)).toBe('Shop/Flows, eu-north-1 of 111122223333')
  })

  it('is named where a stack has several', async () => {
    functions({ a: ofService('shop'), b: { ...ofService('bank'), POWERTOOLS_SERVICE_NAME: 'Bank' } })
    await expect(find({ stack: 'All' })).rejects.toThrow(
      "stack 'All' has several services: name one by --service: 'table-shop', 'Bank'",
    )
    expect(await find({ stack: 'All', service: 'Bank' })).toMatchObject({ environment: ofService('bank') })
    expect(await find({ stack: 'All', service: 'table-bank' })).toMatchObject({ name: 'All/Bank' })
    await expect(find({ stack: 'All', service: 'x' })).rejects.toThrow("it has 'table-shop', 'Bank'")
    functions({ other: {} })
    await expect(find({ stack: 'None' })).rejects.toThrow("stack 'None' has no Flowcraft service")
  })

  it('is that of a function, or of the environment', async () => {
    functions({ worker: ofService('shop'), other: {} })
    expect(await find({ function: 'worker' })).toEqual({
      name: 'table-shop',
      environment: ofService('shop'),
      functions: ['worker'],
      logGroups: ['/aws/lambda/worker'],
    })
    await expect(find({ function: 'other' })).rejects.toThrow(
      "function 'other' is none of a Flowcraft service: it has no FLOWCRAFT_TABLE_NAME",
    )
    const env = { ...ofService('shop'), OTHER: 'z' }
    expect(await find({}, env)).toEqual({ name: 'table-shop', environment: ofService('shop') })
    expect(env).toEqual({ ...ofService('shop'), OTHER: 'z' })
  })
})

describe('the dev server that runs here', () => {
  it('is found in the folder and below, and leads there', async () => {
    await writeDevServer(folder, server(service('Shop', 'Flows')))
    const below = join(folder, 'src', 'flows')
    await mkdir(below, { recursive: true })
    const env: NodeJS.ProcessEnv = { AWS_PROFILE: 'mine', AWS_SESSION_TOKEN: 'mine', FLOWCRAFT_POOLS: '{}' }
    const found = await find({}, env, below)
    expect(found).toMatchObject({ name: 'Shop/Flows', functions: ['Flows-worker'] })
    expect(found.server?.projectFolder).toBe(folder)
    expect(env).toEqual({ ...ofService('Flows'), ...server().env })
    expect(placeOf(found, env)).toBe('Shop/Flows, local')
  })

  it('has services that are named where they are several', async () => {
    await writeDevServer(folder, server(service('Shop', 'Flows'), service('Bank', 'Flows')))
    await expect(find({ local: true })).rejects.toThrow(
      "the dev server has several services: name one by --service or --stack: 'Shop/Flows', 'Bank/Flows'",
    )
    await expect(find({ service: 'Flow' })).rejects.toThrow('the dev server has no such service')
    expect(await find({ local: true, stack: 'Bank' })).toMatchObject({ name: 'Bank/Flows' })
    await defaults('{ "stack": "Shop" }')
    expect(await find({})).toMatchObject({ name: 'Shop/Flows' })
    await writeDevServer(folder, server())
    await expect(find({})).rejects.toThrow('the dev server has no service')
  })

  it('goes behind flags and the environment, and before flowcraft.json', async () => {
    await writeDevServer(folder, server(service('Shop', 'Flows')))
    await defaults('{ "stack": "Live" }')
    functions({ worker: ofService('shop') })
    const named = async (options: ServiceOptions, env?: NodeJS.ProcessEnv) => (await find(options, env)).name
    expect(await named({})).toBe('Shop/Flows')
    expect(await named({ local: true }, ofService('shop'))).toBe('Shop/Flows')
    expect(await named({ service: 'Flows' }, ofService('shop'))).toBe('Shop/Flows')
    expect(await named({}, ofService('shop'))).toBe('table-shop')
    expect(await named({ stack: 'Other' }, ofService('shop'))).toBe('Other/table-shop')
    expect(await named({ local: false })).toBe('Live/table-shop')
    expect(await named({ profile: 'mine' })).toBe('Live/table-shop')
    await expect(find({ local: true, region: 'eu-west-1' })).rejects.toThrow(
      '--local has a region of its own',
    )
  })

  it('is none where its process or its DynamoDB is gone, and its file goes too', async () => {
    const ended = spawn(process.execPath, ['-e', ''])
    await once(ended, 'exit')
    await writeDevServer(folder, { ...server(), pid: ended.pid as number })
    expect(await findDevServer(folder)).toBeUndefined()
    expect(existsSync(devServerFile(folder))).toBe(false)

    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    await once(closed, 'close')
    await writeDevServer(folder, {
      ...server(),
      env: { AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` },
    })
    expect(await findDevServer(folder)).toBeUndefined()
    expect(existsSync(devServerFile(folder))).toBe(false)
  })

  it('is not taken from a file that says something else, and removes its own file only', async () => {
    await mkdir(dirname(devServerFile(folder)))
    await writeFile(devServerFile(folder), '{"pid":0}')
    expect(await findDevServer(folder)).toBeUndefined()
    await writeDevServer(folder, server())
    await removeDevServer(folder, process.pid + 1)
    expect(existsSync(devServerFile(folder))).toBe(true)
    await removeDevServer(folder)
    expect(existsSync(devServerFile(folder))).toBe(false)
  })
})

describe('flowcraft.json', () => {
  it('names stack, service, region and profile; flags and the environment go before', async () => {
    await defaults('{ "stack": "Live", "service": "Flows", "region": "eu-west-1", "profile": "ops" }')
    functions({
      worker: { ...ofService('shop'), POWERTOOLS_SERVICE_NAME: 'Flows' },
      other: ofService('bank'),
    })
    const env: NodeJS.ProcessEnv = {}
    expect(await find({}, env)).toMatchObject({ name: 'Live/Flows' })
    expect(env).toMatchObject({ AWS_REGION: 'eu-west-1', AWS_PROFILE: 'ops' })
    const own: NodeJS.ProcessEnv = { AWS_REGION: 'us-west-2', AWS_ACCESS_KEY_ID: 'mine' }
    expect(await find({ service: 'table-bank' }, own)).toMatchObject({ name: 'Live/table-bank' })
    expect(own).not.toHaveProperty('AWS_PROFILE')
    await find({ region: 'ap-south-1' }, { AWS_REGION: 'us-west-2' })
    expect(regions).toEqual(['eu-west-1', 'us-west-2', 'ap-south-1'])
  })

  it.each([
    ['{', 'flowcraft.json is no JSON: '],
    ['[]', 'flowcraft.json: it must be an object, such as { "stack": "Shop" }; got []'],
    ['{"stak":"x"}', "flowcraft.json: it has no 'stak', only stack, service, region, profile"],
    ['{"stack":1}', 'flowcraft.json: stack must be a text; got 1'],
  ])('that is %s is refused', async (text, message) => {
    await defaults(text)
    const { io, err } = ioOf({ cwd: folder })
    expect(await main(['list'], io)).toBe(2)
    expect(err).toEqual([expect.stringContaining(message)])
  })
})

/** Exit code, and what stands on standard error. */
async function told(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<[number, string[]]> {
  const { io, err } = ioOf({ cwd: folder, env })
  return [await main(args, io, { clients }), err]
}

describe('a service that is not there', () => {
  it('is a line that says what to do', async () => {
    expect(await told(['list'])).toEqual([
      2,
      [expect.stringMatching(/^error: no service is named: give --stack/)],
    ])
    expect(await told(['list', '--local'])).toEqual([
      3,
      ['error: no dev server runs here; start one: npx flowcraft-aws dev'],
    ])
  })

  it('is a stack or a function that does not exist', async () => {
    cloudFormation
      .on(ListStackResourcesCommand)
      .rejects(Object.assign(new Error('Stack with id Shp does not exist'), { name: 'ValidationError' }))
    expect(await told(['list', '--stack', 'Shp'])).toEqual([
      3,
      ["error: there is no stack 'Shp' in eu-north-1"],
    ])
    lambda
      .on(GetFunctionConfigurationCommand)
      .rejects(Object.assign(new Error('Function not found'), { name: 'ResourceNotFoundException' }))
    expect(await told(['list', '--function', 'worker'])).toEqual([
      3,
      ["error: there is no function 'worker' in eu-north-1"],
    ])
  })

  it.each([
    ['AccessDenied', 'not authorized to perform: cloudformation:ListStackResources', 5, undefined],
    ['Error', 'Region is missing', 2, 'no AWS region is known: give --region, set AWS_REGION'],
    [
      'CredentialsProviderError',
      'Could not load credentials from any providers',
      5,
      'no AWS credentials were found',
    ],
    [
      'CredentialsProviderError',
      'Could not resolve credentials using profile: [ops] in configuration/credentials file(s).',
      5,
      'Could not resolve credentials using profile: [ops]: there is no such AWS profile',
    ],
  ])('for %s: %s', async (name, message, code, sentence = message) => {
    cloudFormation.on(ListStackResourcesCommand).rejects(Object.assign(new Error(message), { name }))
    expect(await told(['list', '--stack', 'Shop'])).toEqual([
      code,
      [expect.stringContaining(`error: ${sentence}`)],
    ])
  })
})

describe('what cannot be undone in an account', () => {
  it.each([
    [['cancel', 'r1'], "Cancel run 'r1'", 'not cancelled'],
    [['skip', 'r1', 'pay'], "Go on without node 'pay' of run 'r1'", 'not skipped'],
    [['blueprint', 'pause', 'order'], "Pause all runs of 'order'", 'not paused'],
    [['dlq', 'drop', '--all'], 'Delete all dead letters for good', 'not dropped'],
    [
      ['dlq', 'drop', '--id', 'm1', '--run', 'r1'],
      "Delete 1 dead letters of run 'r1' for good",
      'not dropped',
    ],
    [['dlq', 'redrive', '--all'], 'Send all dead letters back to the workers', 'not sent back'],
  ])('is asked before: %j', async (args, question, declined) => {
    const asked: string[] = []
    const { io, out, err } = ioOf({
      cwd: folder,
      env: process.env,
      confirm: async (text) => {
        asked.push(text)
        return false
      },
    })
    const before = { ...process.env }
    Object.assign(process.env, ofService('shop'))
    try {
      expect(await main(args, io)).toBe(2)
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    }
    expect(asked).toEqual([`${question} (table-shop, eu-north-1 of 111122223333)?`])
    expect(out).toEqual([])
    expect(err.at(-1)).toBe(`error: ${declined}; give --yes where nobody can be asked`)
  })
})
