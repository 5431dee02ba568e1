// Versions and aliases of functions, as a deployment step by step needs them.

import { InvokeCommand } from '@aws-sdk/client-lambda'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLocalAws, ThrottledError } from '../../lib/local/index.ts'
import type { LocalAws, LocalFunction } from '../../lib/local/index.ts'
import { eventually, functionOf, moduleFile } from './helpers.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterAll(() => local.stop())

const release = (name: string) =>
  moduleFile(`export const handler = async (event, context) => {
    for (const { body } of event?.Records ?? []) console.log(body, 'by ${name}')
    return { name: '${name}', context, env: process.env }
  }`)

interface Answer {
  readonly name: string
  readonly context: Context
  readonly env: Readonly<Record<string, string>>
}

/** A function with the versions 1, `old`, and 2, `new`. */
async function released(): Promise<LocalFunction> {
  const fn = await local.createFunction({ code: { file: await release('old') } })
  fn.publishVersion()
  await fn.replaceCode(await release('new'))
  fn.publishVersion()
  return fn
}

async function names(invoke: (event: unknown) => Promise<unknown>, count = 1): Promise<string[]> {
  const answers: string[] = []
  for (let left = count; left > 0; left--) answers.push(((await invoke(null)) as Answer).name)
  return answers
}

/** The name of the code that ran, and its version. */
async function byApi(FunctionName: string, Qualifier?: string) {
  const command = new InvokeCommand({ FunctionName, Qualifier, Payload: 'null' })
  const { Payload, ExecutedVersion } = await local.clients.lambdaClient.send(command)
  const { name } = JSON.parse(Buffer.from(Payload!).toString()) as Answer
  return [name, ExecutedVersion]
}

describe('a version', () => {
  it('keeps its code when the function gets other code', async () => {
    const fn = await released()
    const [one, two] = [fn.version('1')!, fn.version('2')!]
    await fn.replaceCode(await release('newest'))

    expect(await names((event) => one.invoke(event))).toEqual(['old'])
    expect(await names((event) => two.invoke(event))).toEqual(['new'])
    expect(await names((event) => fn.invoke(event))).toEqual(['newest'])
    expect(fn.stats.invocations).toBe(3)
  })

  it('tells its code which one it is', async () => {
    const fn = await released()
    const { context, env } = (await fn.version('2')!.invoke(null)) as Answer
    expect(context).toMatchObject({
      functionName: fn.name,
      functionVersion: '2',
      invokedFunctionArn: `${fn.arn}:2`,
      logStreamName: expect.stringContaining('[2]'),
    })
    expect(env['AWS_LAMBDA_FUNCTION_VERSION']).toBe('2')
  })

  it('is the last one where the code is the same', async () => {
    const fn = await functionOf(local, 'return 1')
    const first = fn.publishVersion()
    expect(fn.publishVersion()).toBe(first)
    expect(first.arn).toBe(`${fn.arn}:1`)
  })

  it('shares the concurrency of its function', async () => {
    const fn = await functionOf(local, 'await new Promise((resolve) => setTimeout(resolve, event))', {
      maxConcurrency: 1,
    })
    const version = fn.publishVersion()
    const first = fn.invoke(300)
    await expect(version.invoke(0)).rejects.toThrow(ThrottledError)
    await first
  })
})

describe('an alias', () => {
  it('goes to its version, and to another from when it is moved on', async () => {
    const fn = await released()
    const alias = fn.createAlias('live', { version: '1' })
    const invoke = (event: unknown) => alias.invoke(event)

    expect(await names(invoke, 3)).toEqual(['old', 'old', 'old'])
    alias.update({ version: '2' })
    expect(await names(invoke, 3)).toEqual(['new', 'new', 'new'])
    const { context } = (await alias.invoke(null)) as Answer
    expect(context).toMatchObject({ functionVersion: '2', invokedFunctionArn: `${fn.arn}:live` })
    expect(fn.alias('live')).toBe(alias)
  })

  it('gives each of two versions its share, by chance', async () => {
    const fn = await released()
    const alias = fn.createAlias('live', { version: '1', additionalVersionWeights: { '2': 0.5 } })
    const seen = new Set(await names((event) => alias.invoke(event), 200))
    expect(seen).toEqual(new Set(['old', 'new']))

    alias.update({ version: '1', additionalVersionWeights: { '2': 1 } })
    expect(new Set(await names((event) => alias.invoke(event), 20))).toEqual(new Set(['new']))
    alias.update({ version: '1', additionalVersionWeights: { '2': 0 } })
    expect(new Set(await names((event) => alias.invoke(event), 20))).toEqual(new Set(['old']))
  })

  it('refuses what Lambda refuses', async () => {
    const fn = await released()
    const make = (name: string, version: string, weights: Record<string, number> = {}) => {
      fn.createAlias(name, { version, additionalVersionWeights: weights })
    }
    expect(() => make('live', '7')).toThrow(`function ${fn.name} has no version 7: publish it first`)
    expect(() => make('live', '$LATEST')).toThrow('has no version $LATEST')
    expect(() => make('1', '1')).toThrow('the name of an alias must be')
    expect(() => make('live', '1', { '2': 1.5 })).toThrow(
      'the weight of version 2 must be from 0 to 1; got 1.5',
    )
    make('live', '1')
    expect(() => make('live', '1')).toThrow(`function ${fn.name} has an alias live already`)
  })

  it('is invoked by the API, by name, ARN and qualifier', async () => {
    const fn = await released()
    const alias = fn.createAlias('live', { version: '1' })
    expect(await byApi(alias.arn)).toEqual(['old', undefined])
    expect(await byApi(fn.name, 'live')).toEqual(['old', undefined])
    expect(await byApi(`${fn.name}:live`)).toEqual(['old', undefined])
    expect(await byApi(`${fn.name}:1`)).toEqual(['old', '1'])
    expect(await byApi(fn.name)).toEqual(['new', '$LATEST'])
    await expect(byApi(`${fn.name}:gone`)).rejects.toThrow(`Function not found: ${fn.name}:gone`)
  })

  it('is fed by a queue, each batch to the version that it goes to then', async () => {
    const fn = await released()
    const alias = fn.createAlias('live', { version: '1' })
    const { queueUrl } = await local.createQueue()
    const mapping = await local.mapEventSource({ queueUrl, function: alias })
    const handled = async () => {
      const before = mapping.stats.succeeded
      await local.clients.sqsClient.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'message' }),
      )
      await eventually(() => mapping.stats.succeeded > before)
      return fn.logs.at(-1)
    }
    expect(await handled()).toBe('message by old')
    alias.update({ version: '1', additionalVersionWeights: { '2': 1 } })
    expect(await handled()).toBe('message by new')
    alias.update({ version: '1' })
    expect(await handled()).toBe('message by old')
  })
})
