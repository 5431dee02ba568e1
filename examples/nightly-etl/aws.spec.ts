/** The stack as it is deployed, and a night through it on the local AWS: no account, no Docker. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { RunClient, type StartRunResult } from 'flowcraft-aws'
import { type LocalAws, type LocalStack, startLocalAws } from 'flowcraft-aws/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EtlStack } from './stack.js'

let assembly: string
let template: Template

beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), 'nightly-etl-'))
  const app = new App({ outdir: assembly })
  const { stackName } = new EtlStack(app, 'NightlyEtl')
  template = Template.fromJSON(app.synth().getStackByName(stackName).template)
})
afterAll(() => rm(assembly, { recursive: true }))

interface ScheduleProperties {
  readonly Target: { readonly Input: string }
}

it('has a schedule at three in Berlin, whose target is the StartRun function', () => {
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'cron(0 3 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    Target: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FlowsStartRun'), 'Arn'] } },
  })
})

describe('on the local AWS', () => {
  let aws: LocalAws
  let stack: LocalStack
  beforeAll(async () => {
    aws = await startLocalAws()
    stack = await aws.deploy({ assembly })
  })
  afterAll(() => aws.stop())

  /** What Scheduler hands to StartRun at an occurrence. */
  async function occurrence(time: string): Promise<StartRunResult> {
    const [schedule] = Object.values(template.findResources('AWS::Scheduler::Schedule'))
    const { Input } = (schedule as { Properties: ScheduleProperties }).Properties.Target
    const event: unknown = JSON.parse(Input.replaceAll('<aws.scheduler.scheduled-time>', time))
    return (await stack.function('StartRun').invoke(event)) as StartRunResult
  }

  it('a night that is delivered twice is one run', async () => {
    const client = new RunClient(stack.connection())

    const first = await occurrence('2026-11-27T02:00:00Z')
    const second = await occurrence('2026-11-27T02:00:00Z')

    expect([first.created, second.created, second.runId]).toEqual([true, false, first.runId])
    const { status, context, labels, cost } = await client.waitFor(first.runId)
    expect([status, context['load'], labels]).toEqual([
      'completed',
      { day: '2026-11-26', rows: 3 },
      { by: 'schedule' },
    ])
    // The README says what one costs. Of Lambda it depends on the machine.
    const { dynamodb, sqs, s3, eventbridge } = cost!.byService
    expect(dynamodb + sqs + s3 + eventbridge).toBeLessThan(0.000025)
  })
})
