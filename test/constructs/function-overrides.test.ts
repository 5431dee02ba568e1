import { Size, type Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Code, LayerVersion, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { describe, expect, it } from 'vitest'
import {
  FlowcraftService,
  type FlowcraftServiceProps,
  type FunctionOverrides,
} from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  permissionsOf,
  problemsOf,
  readable,
  resourceOf,
  synthesise,
} from './support.ts'

const FUNCTION = 'AWS::Lambda::Function'
const bundled = { code: Code.fromInline('//'), handler: 'index.handler' }

function layerOf(stack: Stack): LayerVersion {
  return new LayerVersion(stack, 'Layer', { code: Code.fromAsset(`${import.meta.dirname}/../../lambdas`) })
}

describe('props of the CDK for the functions of a service', () => {
  it('are merged last, and variables beside those of the constructs', () => {
    const { template } = synthesise({
      entry,
      environment: { STAGE: 'dev', REGION: 'eu' },
      webhook: {},
      workerProps: {
        runtime: Runtime.NODEJS_22_X,
        memorySize: 2_048,
        ephemeralStorageSize: Size.gibibytes(2),
        environment: { STAGE: 'prod' },
        tracing: Tracing.PASS_THROUGH,
      },
      startRunProps: { memorySize: 256 },
      sweepProps: { description: 'sweeps' },
      webhookProps: { reservedConcurrentExecutions: 7 },
    })
    expect(resourceOf(template, FUNCTION, 'FlowsWorker')).toMatchObject({
      Runtime: 'nodejs22.x',
      MemorySize: 2_048,
      EphemeralStorage: { Size: 2_048 },
      TracingConfig: { Mode: 'PassThrough' },
    })
    expect(environmentOf(template, 'FlowsWorker')).toMatchObject({
      STAGE: 'prod',
      REGION: 'eu',
      FLOWCRAFT_QUEUE_URL: expect.anything(),
    })
    expect(resourceOf(template, FUNCTION, 'FlowsStartRun')['MemorySize']).toBe(256)
    expect(resourceOf(template, FUNCTION, 'FlowsSweep')['Description']).toBe('sweeps')
    expect(resourceOf(template, FUNCTION, 'FlowsWebhook')['ReservedConcurrentExecutions']).toBe(7)
  })

  it("of the workers reach other pools' functions and the user's StartRun, except what one function has", () => {
    const { template } = synthesise((stack) => ({
      ...bundled,
      startRunHandler: 'startRun',
      pools: { heavy: { nodes: ['a'], memorySize: 3_008, workerProps: { description: 'heavy' } } },
      workerProps: {
        layers: [layerOf(stack)],
        memorySize: 1_024,
        functionName: 'worker',
        reservedConcurrentExecutions: 4,
        environment: { STAGE: 'prod' },
      },
      startRunProps: { environment: { ROLE: 'start' } },
      maxConcurrency: 4,
    }))
    const heavy = resourceOf(template, FUNCTION, 'FlowsPoolsheavyWorker')
    const startRun = resourceOf(template, FUNCTION, 'FlowsStartRun')
    for (const properties of [heavy, startRun, resourceOf(template, FUNCTION, 'FlowsWorker')]) {
      expect((properties['Layers'] as unknown[]).map(readable)).toEqual(['<Layer>'])
    }
    expect(heavy).toMatchObject({ MemorySize: 3_008, Description: 'heavy' })
    expect(startRun['MemorySize']).toBe(512)
    for (const properties of [heavy, startRun]) {
      expect(properties).not.toHaveProperty('FunctionName')
      expect(properties).not.toHaveProperty('ReservedConcurrentExecutions')
    }
    expect(environmentOf(template, 'FlowsStartRun')).toMatchObject({ STAGE: 'prod', ROLE: 'start' })
  })

  it("give a role of one's own the permissions, and a log group of one's own the logs", () => {
    const { template } = synthesise((stack) => ({
      entry,
      workerProps: {
        role: new Role(stack, 'Mine', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
        logGroup: new LogGroup(stack, 'MyLogs'),
      },
    }))
    const worker = resourceOf(template, FUNCTION, 'FlowsWorker')
    expect(readable(worker['Role'])).toBe('<Mine.Arn>')
    expect(permissionsOf(template, /^Mine$/)).toEqual(
      expect.arrayContaining([
        'Mine: logs:CreateLogStream logs:PutLogEvents on <MyLogs.Arn>',
        'Mine: sqs:SendMessage on <FlowsJobs.Arn>',
      ]),
    )
    expect(Object.keys(template.findResources('AWS::IAM::Role')).join()).not.toContain('FlowsWorkerRole')
  })

  it('are one error with all problems where they would break the service', () => {
    const wrong = {
      entry,
      maxConcurrency: 10,
      workerProps: {
        code: Code.fromInline('//'),
        timeout: undefined,
        recursiveLoop: 'Terminate',
        runtime: Runtime.PYTHON_3_13,
        memorySize: 64,
        reservedConcurrentExecutions: 5,
        environment: { FLOWCRAFT_QUEUE_URL: 'mine' },
      } as FunctionOverrides,
      sweepProps: { handler: 'x', environment: { FLOWCRAFT_POOL: 'x' } } as FunctionOverrides,
      webhookProps: { runtime: Runtime.NODEJS_18_X },
      pools: { heavy: { nodes: ['a'], workerProps: { timeout: 1 } as unknown as FunctionOverrides } },
    } satisfies FlowcraftServiceProps
    expect(problemsOf((stack) => new FlowcraftService(stack, 'Flows', wrong))).toEqual([
      'environment must not have variables that the construct sets (FLOWCRAFT_..., POWERTOOLS_SERVICE_NAME), got FLOWCRAFT_QUEUE_URL',
      'workerProps must not have code: entry or code says where the code is',
      'workerProps must not have recursiveLoop: a worker sends to its own queue, and Lambda would stop it after 16 rounds',
      'workerProps.memorySize must be a whole number from 128 to 10240, got 64',
      'workerProps.runtime must be Node.js 20 or newer, got python3.13',
      'reservedConcurrency must be at least maxConcurrency (10), got 5: messages that Lambda throttles use up their receives',
      "pools.heavy: workerProps must not have timeout: the prop timeout sets it, as the queue's visibility timeout follows it",
      'webhookProps needs webhook',
      'webhookProps.runtime must be Node.js 20 or newer, got nodejs18.x',
      'sweepProps must not have handler: the prop handler names the export',
      'sweepProps: environment must not have variables that the construct sets (FLOWCRAFT_..., POWERTOOLS_SERVICE_NAME), got FLOWCRAFT_POOL',
    ])
  })
})
