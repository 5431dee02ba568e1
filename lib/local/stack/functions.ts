// Functions of a stack, and what invokes them.

import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import { localError } from '../errors.ts'
import type { Ask } from '../iam/policy.ts'
import { deadLetterOf } from './failures.ts'
import { asNamed, functionOf, invocableOf, numberOf, refuses, textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html; AWS has 3 seconds and 128 MB by default. */
const DEFAULT_TIMEOUT_SECONDS = 3
const DEFAULT_MEMORY_MB = 128

export const lambdaFunction: Kind = {
  problems({ Runtime, PackageType, ...properties }) {
    const problems = refuses(['Layers'])(properties)
    if (PackageType === 'Image') problems.push('is a container image')
    else if (typeof Runtime === 'string' && !Runtime.startsWith('nodejs')) problems.push(`runs on ${Runtime}`)
    return problems
  },
  async make(making) {
    const { Variables: environment } = ((await making.property('Environment')) ?? {}) as {
      Variables?: Record<string, string>
    }
    const options = {
      name: (await textOf(making, 'FunctionName')) ?? making.name(64),
      handler: (await textOf(making, 'Handler')) ?? '',
      timeoutSeconds: (await numberOf(making, 'Timeout')) ?? DEFAULT_TIMEOUT_SECONDS,
      memoryMb: (await numberOf(making, 'MemorySize')) ?? DEFAULT_MEMORY_MB,
      maxConcurrency: await numberOf(making, 'ReservedConcurrentExecutions'),
      environment: { ...textsOf(environment ?? {}), ...making.environment },
      onLog: making.onLog,
      role: await textOf(making, 'Role'),
    }
    const there = making.findFunction(options.name)
    const { name, arn } = await withCode(making, async (folder) => {
      if (!there || !onlyCodeChanged(making))
        return making.aws.createFunction({ ...options, code: { folder } })
      await there.replaceCode({ folder })
      return there
    })
    const { TargetArn } = ((await making.property('DeadLetterConfig')) ?? {}) as { TargetArn?: string }
    const sources =
      TargetArn === undefined
        ? []
        : [making.asynchronous.configure(arn, await deadLetterOf(making, TargetArn, options.role ?? ''))]
    // The one before ends what it is doing.
    return { ref: name, attributes: { Arn: arn }, sources }
  },
}

function onlyCodeChanged({ changed }: Making): boolean {
  return changed !== undefined && changed.every((name) => name === 'Code')
}

/** Variables are texts, whatever the template has. */
function textsOf(variables: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]))
}

/** Hands over the folder with the code: an asset, or a new one for what stands in the template itself. */
async function withCode<T>(making: Making, use: (folder: string) => Promise<T>): Promise<T> {
  const { S3Key, ZipFile } = (await making.property('Code')) as { S3Key?: string; ZipFile?: string }
  if (ZipFile === undefined) {
    const folder = making.assets.get(S3Key ?? '')
    if (folder !== undefined) return use(folder)
    throw localError(`its code must be an asset of the assembly; got the S3 key ${S3Key}`)
  }
  const folder = await mkdtemp(join(tmpdir(), 'flowcraft-inline-'))
  try {
    await writeFile(join(folder, 'index.js'), ZipFile)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Keeps the code that the function has in the template. */
export const functionVersion: Kind = {
  follows: true,
  async make(making) {
    const fn = functionOf(making, await making.property('FunctionName'))
    const { version, arn } = fn.publishVersion()
    return { ref: arn, attributes: { Version: version, FunctionArn: arn } }
  },
}

interface VersionWeight {
  readonly FunctionVersion: string
  readonly FunctionWeight: number | string
}

export const functionAlias: Kind = {
  follows: true,
  async make(making) {
    const fn = functionOf(making, await making.property('FunctionName'))
    const { AdditionalVersionWeights: weights = [] } = ((await making.property('RoutingConfig')) ?? {}) as {
      AdditionalVersionWeights?: VersionWeight[]
    }
    const name = (await textOf(making, 'Name')) ?? ''
    const routing = {
      version: (await textOf(making, 'FunctionVersion')) ?? '',
      additionalVersionWeights: Object.fromEntries(
        weights.map(({ FunctionVersion, FunctionWeight }) => [FunctionVersion, Number(FunctionWeight)]),
      ),
    }
    const alias = fn.alias(name)
    alias?.update(routing)
    const { arn } = alias ?? fn.createAlias(name, routing)
    return { ref: arn, attributes: { AliasArn: arn } }
  },
}

/** Below the ports that systems give out by themselves, which begin at 32,768 on Linux and at 49,152 elsewhere. */
function steadyPortOf(name: string): number {
  return 20_000 + (createHash('sha256').update(name).digest().readUInt16BE() % 10_000)
}

export const functionUrl: Kind = {
  problems: refuses(['Qualifier']),
  async make(making) {
    const fn = functionOf(making, await making.property('TargetFunctionArn'))
    // Whoever was given the address keeps it, where it may be kept.
    const wantedPort = making.keepsNames ? steadyPortOf(making.name(64)) : 0
    const isPublic = (await textOf(making, 'AuthType')) === 'NONE'
    const server = await making.createFunctionUrl(asNamed(making.findInvocable, fn), {
      wantedPort,
      mayInvoke: () => !isPublic || mayStrangers(making, fn.arn),
    })
    return {
      ref: fn.arn,
      attributes: { FunctionUrl: server.url, FunctionArn: fn.arn },
      sources: [server],
    }
  },
}

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html: since October 2025 it takes both permissions. */
function mayStrangers({ roles }: Making, resource: string): boolean {
  const asks: Ask[] = [
    { action: 'lambda:InvokeFunctionUrl', resource, context: { 'lambda:functionurlauthtype': ['NONE'] } },
    { action: 'lambda:InvokeFunction', resource, context: { 'lambda:invokedviafunctionurl': ['true'] } },
  ]
  return asks.every((ask) => roles.letsService({ service: '*' }, ask))
}

export const eventSourceMapping: Kind = {
  starts: true,
  problems: refuses(['FilterCriteria', 'SelfManagedEventSource']),
  async make(making) {
    const id = making.name(36)
    const made = { ref: id, attributes: { Id: id } }
    const { ScalingConfig, FunctionResponseTypes = [] } = {
      ScalingConfig: (await making.property('ScalingConfig')) as { MaximumConcurrency?: number } | undefined,
      FunctionResponseTypes: (await making.property('FunctionResponseTypes')) as string[] | undefined,
    }
    if ((await textOf(making, 'Enabled')) === 'false') return made
    const mapping = await making.aws.mapEventSource({
      queueUrl: await queueUrlOf(making, await textOf(making, 'EventSourceArn')),
      function: invocableOf(making, await making.property('FunctionName')),
      batchSize: await numberOf(making, 'BatchSize'),
      batchingWindowSeconds: await numberOf(making, 'MaximumBatchingWindowInSeconds'),
      ...(ScalingConfig?.MaximumConcurrency && {
        maximumConcurrency: Number(ScalingConfig.MaximumConcurrency),
      }),
      reportBatchItemFailures: FunctionResponseTypes.includes('ReportBatchItemFailures'),
    })
    return { ...made, sources: [mapping] }
  },
}

async function queueUrlOf({ aws }: Making, arn = ''): Promise<string> {
  const [, , service, , , QueueName] = arn.split(':')
  if (service !== 'sqs') throw localError(`its event source must be a queue; got ${arn || 'none'}`)
  const { QueueUrl } = await aws.clients.sqsClient.send(new GetQueueUrlCommand({ QueueName }))
  return QueueUrl as string
}
