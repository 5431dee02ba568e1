import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { EventBus, type EventPattern, Match, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SnsTopic, SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import {
  ContainerWorker,
  type FlowcraftServiceProps,
  FlowcraftService,
  type OnRunEventOptions,
  RunRedrivenEvent,
  RunStartedEvent,
  RunStatusEvent,
  RunWaitingEvent,
  WorkerFunction,
} from '../../lib/constructs/index.ts'
import { runEventNames } from '../../lib/index.ts'
import type { RunRedriven, RunStarted, RunStatusChange, RunWaiting } from '../../lib/index.ts'
import {
  entry,
  environmentOf,
  IN_REGION,
  newParts,
  newStack,
  problemsOf,
  resourceOf,
  synthesise,
} from './support.ts'

const RULE = 'AWS::Events::Rule'
/** What each event of the service has. */
const OWN = { source: ['flowcraft'], 'detail-type': ['Flowcraft Run Status Change'] }
const service = ['Stack-Flows-2fcc5dce']

type Method = 'onRunCompleted' | 'onRunFailed' | 'onRunCancelled' | 'onRunStatusChange'

function ruleOf(method: Method, options?: OnRunEventOptions) {
  const { template } = synthesise({ entry }, (flows) => flows[method]('Told', options))
  return resourceOf(template, RULE, 'FlowsTold')
}

describe('a rule for the ends of runs', () => {
  it.each([
    ['onRunCompleted', { service, status: ['completed'] }],
    ['onRunFailed', { service, status: ['failed'] }],
    ['onRunCancelled', { service, status: ['cancelled'] }],
    ['onRunStatusChange', { service }],
  ] as const)('%s has the pattern of what workers publish', (method, detail) => {
    expect(ruleOf(method)).toEqual({
      EventBusName: { Ref: expect.stringMatching(/^FlowsEvents/) },
      EventPattern: { ...OWN, detail },
      State: 'ENABLED',
    })
  })

  it('is of one blueprint, if asked', () => {
    expect(ruleOf('onRunFailed', { blueprintId: 'order' })).toMatchObject({
      EventPattern: { detail: { service, status: ['failed'], blueprintId: ['order'] } },
    })
  })

  it('names the service as its workers do', () => {
    const { template } = synthesise({ entry }, (flows) => flows.onRunFailed('Told'))
    const { EventPattern } = resourceOf(template, RULE, 'FlowsTold')
    const { POWERTOOLS_SERVICE_NAME: name } = environmentOf(template, 'FlowsWorker')
    expect(EventPattern).toMatchObject({ detail: { service: [name] } })
  })

  it('has a target, a name and a description, and takes more targets', () => {
    const { template } = synthesise({ entry }, (flows, stack) => {
      const target = new SqsQueue(new Queue(stack, 'Ends'))
      const rule = flows.onRunFailed('Told', { target, ruleName: 'failures', description: 'tells' })
      rule.addTarget(new SqsQueue(new Queue(stack, 'More')))
    })
    expect(resourceOf(template, RULE, 'FlowsTold')).toMatchObject({
      Name: 'failures',
      Description: 'tells',
      Targets: [{ Arn: { 'Fn::GetAtt': [expect.stringMatching(/^Ends/), 'Arn'] } }, { Id: 'Target1' }],
    })
  })

  it('stands in the stack of its target, if asked', () => {
    const { stack, service: flows } = synthesise()
    const other = new Stack(stack.node.root, 'Other')
    const target = new SqsQueue(new Queue(other, 'Ends'))
    expect(Stack.of(flows.onRunFailed('Told', { target, crossStackScope: other }))).toBe(other)
  })
})

describe("a user's pattern", () => {
  it('is merged', () => {
    const eventPattern: EventPattern = {
      time: Match.prefix('2026'),
      detail: { status: ['failed', 'cancelled'], errors: [{ numeric: ['>', 1] }] },
    }
    const before = JSON.stringify(eventPattern)
    expect(ruleOf('onRunStatusChange', { eventPattern })).toMatchObject({
      EventPattern: {
        ...OWN,
        time: [{ prefix: '2026' }],
        detail: { service, status: ['failed', 'cancelled'], errors: [{ numeric: ['>', 1] }] },
      },
    })
    expect(JSON.stringify(eventPattern)).toBe(before)
  })

  it('may repeat what the rule has', () => {
    const eventPattern = { source: ['flowcraft'], detail: { status: ['failed'] } }
    expect(ruleOf('onRunFailed', { eventPattern })).toMatchObject({
      EventPattern: { ...OWN, detail: { service, status: ['failed'] } },
    })
  })

  it('must not let others in, as values that the CDK merges would', () => {
    const eventPattern = {
      source: ['aws.s3'],
      detail: { status: ['completed'], blueprintId: ['b'], service: ['other'] },
    }
    const problems = problemsOf((stack) =>
      new FlowcraftService(stack, 'Flows', { entry }).onRunFailed('Told', { blueprintId: 'a', eventPattern }),
    )
    const left = 'must be left to onRunFailed, which sets'
    expect(problems).toEqual([
      `eventPattern.source ${left} ["flowcraft"], got ["aws.s3"]`,
      `eventPattern.detail.service ${left} ["Stack-Flows-2fcc5dce"], got ["other"]`,
      `eventPattern.detail.status ${left} ["failed"], got ["completed"]`,
      `eventPattern.detail.blueprintId ${left} ["a"], got ["b"]`,
    ])
  })
})

describe('a service without events of its own', () => {
  it('has no rules, and says so with all else that is wrong', () => {
    const problems = problemsOf((stack) =>
      new FlowcraftService(stack, 'Flows', { entry, events: false }).onRunCompleted('Told', {
        blueprintId: '',
      }),
    )
    expect(problems).toEqual([
      'onRunCompleted needs the events that workers publish, got events: false',
      "blueprintId of onRunCompleted must not be empty, got ''",
    ])
  })

  it('has rules on a shared bus, for its own events only', () => {
    const stack = newStack()
    const eventBus = EventBus.fromEventBusName(stack, 'Bus', 'shared')
    const patterns = ['One', 'Two'].map((id) => {
      const rule = new FlowcraftService(stack, id, { entry, events: { eventBus } }).onRunFailed('Told')
      return stack.resolve((rule.node.defaultChild as unknown as { eventPattern: object }).eventPattern)
    })
    expect(patterns).toEqual([
      { ...OWN, detail: { service: [expect.stringMatching(/^Stack-One-/)], status: ['failed'] } },
      { ...OWN, detail: { service: [expect.stringMatching(/^Stack-Two-/)], status: ['failed'] } },
    ])
  })

  it('has no rules on a bus elsewhere, as on AWS', () => {
    const stack = newStack(IN_REGION)
    const eventBusArn = 'arn:aws:events:us-east-1:123456789012:event-bus/far'
    const eventBus = EventBus.fromEventBusArn(stack, 'Bus', eventBusArn)
    const flows = new FlowcraftService(stack, 'Flows', { entry, events: { eventBus } })
    expect(() => flows.onRunFailed('Told')).toThrow(
      "onRunFailed needs an event bus in the stack's region, eu-central-1, got one in us-east-1",
    )
  })
})

describe('the fields of an event', () => {
  it('fill the input of a target', () => {
    const { template } = synthesise({ entry }, (flows, stack) => {
      const message = RuleTargetInput.fromText(`Run ${RunStatusEvent.runId} ${RunStatusEvent.status}`)
      flows.onRunStatusChange('Told', { target: new SnsTopic(new Topic(stack, 'Topic'), { message }) })
    })
    expect(resourceOf(template, RULE, 'FlowsTold')['Targets']).toMatchObject([
      {
        InputTransformer: {
          InputPathsMap: { 'detail-runId': '$.detail.runId', 'detail-status': '$.detail.status' },
          InputTemplate: '"Run <detail-runId> <detail-status>"',
        },
      },
    ])
  })

  const detail: Required<RunStarted> = {
    id: 'r:started',
    runId: 'r',
    blueprintId: 'b',
    startedAt: '',
    parentRunId: 'p',
    forkedFromRunId: 'f',
    labels: {},
    service: 's',
  }
  const ended: Required<RunStatusChange> = {
    ...detail,
    status: 'failed',
    errors: 1,
    reason: 'late',
    endedAt: '',
    cost: {} as Required<RunStatusChange>['cost'],
  }
  const waits: Required<RunWaiting> = {
    ...detail,
    nodeId: 'n',
    iteration: 1,
    reason: 'event',
    eventName: 'e',
    actions: [],
    timeoutAt: '',
  }
  const redriven: Required<RunRedriven> = {
    ...detail,
    redrives: 1,
    operation: 'skip',
    by: 'ada',
    reason: 'it is up',
    nodes: ['n'],
    redrivenAt: '',
  }
  const ofStarted: Record<keyof RunStarted, string> = RunStartedEvent
  const ofEnded: Record<keyof RunStatusChange, string> = RunStatusEvent
  const ofWaits: Record<keyof RunWaiting, string> = RunWaitingEvent
  const ofRedriven: Record<keyof RunRedriven, string> = RunRedrivenEvent

  it.each([
    ['onRunStarted', detail, ofStarted],
    ['onRunStatusChange', ended, ofEnded],
    ['onRunWaiting', waits, ofWaits],
    ['onRunRedriven', redriven, ofRedriven],
  ] as const)('are all that workers publish for %s', (_, published, fields) => {
    const stack = newStack()
    for (const name of Object.keys(published)) {
      expect(stack.resolve((fields as Record<string, string>)[name])).toBe(`$.detail.${name}`)
    }
  })
})

describe('rules for what else is chosen', () => {
  const all: FlowcraftServiceProps = { entry, runEvents: runEventNames }

  it.each([
    ['onRunStarted', 'Flowcraft Run Started'],
    ['onRunWaiting', 'Flowcraft Run Waiting'],
    ['onRunRedriven', 'Flowcraft Run Redriven'],
  ] as const)('%s has the pattern of what workers publish', (method, type) => {
    const { template } = synthesise(all, (flows) => flows[method]('Told', { blueprintId: 'order' }))
    expect(resourceOf(template, RULE, 'FlowsTold')['EventPattern']).toEqual({
      source: ['flowcraft'],
      'detail-type': [type],
      detail: { service, blueprintId: ['order'] },
    })
  })

  it('may be of one node that waits', () => {
    const { template } = synthesise(all, (flows) => flows.onRunWaiting('Told', { nodeId: 'approve' }))
    expect(resourceOf(template, RULE, 'FlowsTold')).toMatchObject({
      EventPattern: { detail: { service, nodeId: ['approve'] } },
    })
  })

  it.each([
    ['onRunStarted', 'started'],
    ['onRunWaiting', 'waiting'],
    ['onRunRedriven', 'redriven'],
  ] as const)('%s needs that workers publish it', (method, name) => {
    const problems = problemsOf((stack) => new FlowcraftService(stack, 'Flows', { entry })[method]('Told'))
    expect(problems).toEqual([`${method} needs runEvents with '${name}', got ['ended']`])
  })

  it('are those for ends too', () => {
    const problems = problemsOf((stack) =>
      new FlowcraftService(stack, 'Flows', { entry, runEvents: ['waiting'] }).onRunFailed('Told', {
        blueprintId: '',
      }),
    )
    expect(problems).toEqual([
      "onRunFailed needs runEvents with 'ended', got ['waiting']",
      "blueprintId of onRunFailed must not be empty, got ''",
    ])
  })

  it('are not for a node without a name', () => {
    const problems = problemsOf((stack) =>
      new FlowcraftService(stack, 'Flows', all).onRunWaiting('Told', { nodeId: '' }),
    )
    expect(problems).toEqual(["nodeId of onRunWaiting must not be empty, got ''"])
  })

  it('are of an imported service as it says', () => {
    const stack = newStack()
    const imported = (id: string, runEvents?: FlowcraftServiceProps['runEvents']) =>
      FlowcraftService.fromAttributes(stack, id, {
        startRunFunctionArn: 'arn:aws:lambda:us-east-1:111122223333:function:start',
        eventBusArn: 'arn:aws:events:us-east-1:111122223333:event-bus/runs',
        serviceName: 'shop',
        runEvents,
      })
    imported('One', ['waiting']).onRunWaiting('Told')
    expect(() => imported('Two').onRunWaiting('Told')).toThrow(
      "needs runEvents with 'waiting', got ['ended']",
    )
    const wrong = ['done'] as unknown as FlowcraftServiceProps['runEvents']
    expect(() => imported('Three', wrong)).toThrow('runEvents must be a list of some of')
  })
})

function publishes(props: Partial<FlowcraftServiceProps>): unknown {
  return environmentOf(synthesise({ entry, ...props }).template, 'FlowsWorker')['FLOWCRAFT_RUN_EVENTS']
}

describe('what workers publish', () => {
  it('is told to them where it is not what they publish by themselves', () => {
    expect(publishes({})).toBeUndefined()
    expect(publishes({ runEvents: ['ended'] })).toBeUndefined()
    expect(publishes({ runEvents: ['ended', 'waiting'] })).toBe('ended,waiting')
  })

  it('is told to those of every pool', () => {
    const pools = { heavy: { nodes: ['transcode'] } }
    const { template } = synthesise({ entry, pools, runEvents: ['waiting'] })
    const told = Object.values(template.findResources('AWS::Lambda::Function')).filter(
      ({ Properties }) =>
        (Properties as { Environment?: { Variables: Record<string, unknown> } }).Environment?.Variables[
          'FLOWCRAFT_RUN_EVENTS'
        ] === 'waiting',
    )
    expect(told).toHaveLength(2)
  })

  it.each([
    [
      { runEvents: [] },
      ["runEvents must be a list of some of 'ended', 'started', 'waiting', 'redriven'; got []"],
    ],
    [{ events: false, runEvents: ['ended'] }, ['runEvents needs an event bus, got events: false']],
  ] as const)('must be known, and have a bus: %j', (props, problems) => {
    expect(problemsOf((stack) => new FlowcraftService(stack, 'Flows', { entry, ...props }))).toEqual(problems)
  })

  it('is told to a worker that is made by itself, which needs a bus as well', () => {
    const stack = newStack()
    const parts = { ...newParts(stack), entry }
    new WorkerFunction(stack, 'Worker', {
      ...parts,
      eventBus: new EventBus(stack, 'Bus'),
      runEvents: ['waiting'],
    })
    expect(environmentOf(Template.fromStack(stack), 'Worker')).toMatchObject({
      FLOWCRAFT_RUN_EVENTS: 'waiting',
    })
    const without = problemsOf(
      (other) => new WorkerFunction(other, 'Worker', { ...newParts(other), entry, runEvents: ['waiting'] }),
    )
    expect(without).toEqual(['runEvents needs eventBus'])
    const image = ContainerImage.fromRegistry('example/worker')
    const container = problemsOf(
      (other) => new ContainerWorker(other, 'Worker', { ...newParts(other), image, runEvents: ['waiting'] }),
    )
    expect(container).toContain('runEvents needs eventBus')
  })
})
