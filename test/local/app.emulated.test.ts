/** Apps of several stacks, synthesised by the CDK: two stacks, stages, nested stacks, and what is said of what is not there. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunClient, type StartRunResult } from '../../lib/index.ts'
import { startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws, LocalStack } from '../../lib/local/index.ts'
import type { AppName } from './app/apps.ts'

const apps = fileURLToPath(new URL('app/apps.ts', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

let local: LocalAws
let folder: string
beforeAll(async () => {
  local = await startLocalAws()
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-apps-test-'))
})
afterAll(async () => {
  await local.stop()
  await rm(folder, { recursive: true })
})

async function synth(name: AppName): Promise<string> {
  const assembly = join(folder, name.replaceAll(' ', '-'))
  const env = { ...process.env, CDK_OUTDIR: assembly, CDK_VALIDATION: 'false' }
  await promisify(execFile)(process.execPath, ['--import', 'tsx', apps, name], { env, cwd: root })
  return assembly
}

/** What the function of a stack has in its environment. */
async function told(stack: LocalStack | undefined): Promise<Record<string, string>> {
  return (await stack?.function('TellerName').invoke({})) as Record<string, string>
}

const urlOf = (stack: LocalStack | undefined) =>
  Object.values(stack?.resources ?? {}).find(({ type }) => type === 'AWS::SQS::Queue')?.ref

describe('an app of two stacks', () => {
  it.each<AppName>(['two stacks', 'weak references', 'own names'])('by %s', async (name) => {
    const assembly = await synth(name)

    const { Data, Use } = await local.deployAll({ assembly })

    expect(urlOf(Data)).toMatch(/\/Data-Jobs/)
    expect((await told(Use))['QUEUE_URL']).toBe(urlOf(Data))
  })

  it('of which one is named: those that it needs come before it, once', async () => {
    const assembly = await synth('two stacks')
    await using aws = await startLocalAws()

    const use = await aws.deploy({ assembly, stackName: 'Use' })
    const again = await aws.deploy({ assembly, stackName: 'Use' })

    const { QUEUE_URL, QUEUE_ARN } = await told(use)
    expect(QUEUE_URL).toMatch(/\/Data-Jobs/)
    expect(QUEUE_ARN).toBe(`arn:aws:sqs:us-east-1:000000000000:${QUEUE_URL?.split('/').at(-1)}`)
    expect(await told(again)).toMatchObject({ QUEUE_URL, QUEUE_ARN })
  })

  it('with a service in one, and in another a function that starts its runs', async () => {
    const { ApiStack } = await local.deployAll({ assembly: await synth('service') })
    await runsOrders(ApiStack as LocalStack)
  })
})

describe('an app with stages', () => {
  it('has each stack by its name or its path', async () => {
    const assembly = await synth('stages')

    const prod = await local.deploy({ assembly, stackName: 'Prod/Use' })
    const beta = await local.deploy({ assembly, stackName: 'Beta-Use' })
    const all = await local.deployAll({ assembly: join(assembly, 'assembly-Prod') })

    expect((await told(prod))['QUEUE_URL']).toMatch(/\/Prod-Data-Jobs/)
    expect((await told(beta))['QUEUE_URL']).toMatch(/\/Beta-Data-Jobs/)
    expect(Object.keys(all)).toEqual(['Prod-Data', 'Prod-Use'])
    expect((await told(all['Prod-Use']))['QUEUE_URL']).toBe(urlOf(all['Prod-Data']))
  })

  it('whose stacks have the same names has them by their paths', async () => {
    const assembly = await synth('stages of one name')

    expect(await told(await local.deploy({ assembly, stackName: 'Prod/Use' }))).toHaveProperty('QUEUE_URL')
    await expect(local.deploy({ assembly, stackName: 'use' })).rejects.toThrow(
      '2 stacks are called use; give stackName one of their paths: Beta/Use, Prod/Use',
    )
    await expect(local.deployAll({ assembly })).rejects.toThrow(
      '2 stacks are called data (Beta/Data, Prod/Data): deploy each by its path, to a local AWS of its own',
    )
  })
})

describe('nested stacks', () => {
  it('are made with what they are given, and give what they put out', async () => {
    const lines: string[] = []
    const onLog = (_: string, logicalId: string) => lines.push(logicalId)
    const stack = await local.deploy({ assembly: await synth('nested'), onLog })

    await runsOrders(stack)

    const ids = Object.keys(stack.resources)
    const worker = ids.find((id) => /^Inner\w+\.FlowsWorker[0-9A-F]{8}$/.test(id)) as string
    expect(stack.function(worker).stats.invocations).toBeGreaterThan(0)
    expect(lines).toContain(worker)
    expect(ids.some((id) => /^Outer\w+\.Deep\w+\.OrderApi\w+$/.test(id))).toBe(true)
  })

  it('are looked at before anything is made', async () => {
    await expect(local.deploy({ assembly: await synth('nested and not played') })).rejects.toThrow(
      /not emulated.*\n- Inner\w+\.Fifo\w+, an AWS::SQS::Queue, has FifoQueue/,
    )
  })
})

describe('what is not there is said, with what to do', () => {
  it('a stack that nobody named', async () => {
    await expect(local.deploy({ assembly: await synth('two stacks') })).rejects.toThrow(
      "stackName must be one of the assembly's stacks (Data, Use); got none; deployAll deploys all of them",
    )
  })

  it('an export', async () => {
    await using aws = await startLocalAws()
    await expect(aws.deploy({ assembly: await synth('nothing that exports') })).rejects.toThrow(
      'no stack here exports nobody-has-it: deploy the stack that does to this local AWS first; exported is nothing',
    )
  })

  it('a parameter of Systems Manager, or without a default', async () => {
    const assembly = await synth('what is elsewhere')

    await expect(local.deploy({ assembly })).rejects.toThrow(
      /parameter (\w+) of stack Stack is read from Systems Manager \(\/shop\/url\), which is not emulated: give it in parameters: \{ \1: '...' \}/,
    )
    const parameters = {
      SsmParameterValueshopurlC96584B6F00A464EAD1953AFF4B05118Parameter: 'https://shop.test',
    }
    await expect(local.deploy({ assembly, parameters })).rejects.toThrow(
      "parameter Colour of stack Stack has no default: give it in parameters: { Colour: '...' }",
    )
    const stack = await local.deploy({ assembly, parameters: { ...parameters, Colour: 'red' } })
    expect(await told(stack)).toMatchObject({ URL: 'https://shop.test', COLOUR: 'red' })
  })
})

/** Starts a run by a function that has nothing but the grant, and waits for its end. */
async function runsOrders(stack: LocalStack): Promise<void> {
  const { runId } = (await stack.function('OrderApiName').invoke({ id: '17', name: 'Ada' })) as StartRunResult
  const { dynamoDbClient, sqsClient } = local.clients
  const names = { queueUrl: stack.output('QueueUrl'), tableName: stack.output('TableName') }
  const { context } = await new RunClient({ ...names, dynamoDbClient, sqsClient }).waitFor(runId)
  expect(context['shout']).toBe('HELLO, ADA!')
}
