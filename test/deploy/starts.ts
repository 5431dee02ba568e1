/** Runs that nobody starts by hand: by a schedule, by a rule, later, and many at a time. */
import { randomUUID } from 'node:crypto'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { GetPolicyCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { RunPage, StartManyResult, StartRunResult } from '../../lib/index.ts'
import type { Exercise } from './part.ts'
import { eventually, expectEqual, expectThat } from './steps.ts'

/** What EventBridge Scheduler is told: whom to invoke, as whom, with what. */
interface ScheduleTarget {
  readonly arn: string
  readonly roleArn: string
  readonly input: string
}

/** The schedule's minute, and what Scheduler takes until a new one begins. */
const SCHEDULED_AFTER_MS = 180_000
const DELAY_MS = 1_500

export async function startedByOthers(exercise: Exercise): Promise<void> {
  const { steps, service, clients, outputs, target } = exercise
  await steps.run('a schedule starts a run, once for each occurrence, and may do no more', async () => {
    const runId = target.isEmulator ? await occurrence(exercise) : await firstOccurrence(exercise)
    const { context } = await service.completed(runId)
    expectEqual('its end', context['greet'], 'hello the night')
  })

  await steps.run('a rule starts a run for each event that it lets through', async () => {
    const guest = `guest ${randomUUID()}`
    const entry = { Source: 'deploy.test', DetailType: 'Arrival', Detail: JSON.stringify({ guest }) }
    const others = { ...entry, DetailType: 'Departure' }
    const { Entries: [put, left] = [] } = await clients.eventBridge.send(
      new PutEventsCommand({ Entries: [entry, others] }),
    )
    const runId = `greeting:${put?.EventId}`
    await eventually('the run of the event', () => service.isThere(runId), service.patienceMs)
    const { context } = await service.completed(runId)
    expectEqual('its end', context['greet'], `hello ${guest}`)
    expectEqual('a run of another event', await service.isThere(`greeting:${left?.EventId}`), undefined)
    // EventBridge delivers at least once.
    const again = await service.start({ blueprintId: 'greeting', runId, input: { name: guest } })
    expectEqual('the same event again', again.created, false)
    const FunctionName = outputs.StartRunFunctionName
    const { Policy: policy = '{}' } = await clients.lambda.send(new GetPolicyCommand({ FunctionName }))
    expectThat(
      'a policy by which that rule may invoke StartRun',
      allows(policy, outputs.ArrivalsRuleArn),
      policy,
    )
  })

  await steps.run('a start that is delayed begins later; many are started by one call', async () => {
    const input = { name: 'Ada' }
    const request = { blueprintId: 'greeting', input, delayMs: DELAY_MS }
    const late: StartRunResult = await service.start(request)
    const many = [
      { blueprintId: 'greeting', input },
      { blueprintId: 'greeting', runId: 'no id' },
    ]
    const { results, failures } = await service.operate<StartManyResult>('startMany', many)
    const runs = results.filter((one) => 'created' in one)
    expectEqual('what was started of the two, and what was not', [runs.length, failures.length], [1, 1])
    for (const { runId } of runs) await service.completed(runId)
    const { startedAt, startsAt, endedAt } = await service.completed(late.runId)
    const delay = Number(startsAt) - Number(startedAt)
    // It counts from when the request was read, a moment before the run was put.
    expectThat('a delay of that length', delay > 0 && delay <= DELAY_MS, { startedAt, startsAt })
    expectThat('an end after it', Number(endedAt) >= Number(startsAt), { startsAt, endedAt })
  })
}

/**
 * The emulator's Scheduler asks no role, and hands over no time of an occurrence: what Scheduler would do is done here, twice,
 * since it delivers at least once.
 */
async function occurrence({ target, outputs }: Exercise): Promise<string> {
  const { arn, roleArn, input } = JSON.parse(outputs.ScheduleTarget) as ScheduleTarget
  const { Credentials: given } = await new STSClient(target.clientConfig).send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'scheduler' }),
  )
  const {
    AccessKeyId: accessKeyId = '',
    SecretAccessKey: secretAccessKey = '',
    SessionToken: sessionToken,
  } = {
    ...given,
  }
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  const scheduler = new LambdaClient({ ...target.clientConfig, credentials })
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const Payload = input.replaceAll('<aws.scheduler.scheduled-time>', time)
  const deliver = async (): Promise<StartRunResult> => {
    const answer = await scheduler.send(new InvokeCommand({ FunctionName: arn, Payload }))
    return JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as StartRunResult
  }
  const first = await deliver()
  expectEqual('the first delivery', first.created, true)
  expectEqual('the second delivery', (await deliver()).created, false)
  expectThat('a run id with the time of the occurrence', first.runId.endsWith(`:${time}`), first.runId)

  const FunctionName = outputs.SweepFunctionName
  const refused = await scheduler.send(new InvokeCommand({ FunctionName })).then(
    () => 'nothing: it was invoked',
    (error: Error) => error.name,
  )
  expectThat('a refusal to invoke another function', refused.startsWith('AccessDenied'), refused)
  return first.runId
}

/** Of the schedule itself, which goes each minute. */
async function firstOccurrence({ service, outputs }: Exercise): Promise<string> {
  const { input } = JSON.parse(outputs.ScheduleTarget) as ScheduleTarget
  const { runId: id } = JSON.parse(input) as { runId: string }
  const prefix = id.slice(0, id.indexOf('<'))
  return eventually(
    'a run of the schedule',
    async (seen) => {
      const { runs } = await service.read<RunPage>('list', { blueprintId: 'greeting' })
      seen(runs.map(({ runId }) => runId))
      return runs.find(({ runId }) => runId.startsWith(prefix))?.runId
    },
    SCHEDULED_AFTER_MS,
  )
}

interface PolicyStatement {
  readonly Effect: string
  readonly Principal: { readonly Service?: string }
  readonly Condition?: { readonly ArnLike?: { readonly 'AWS:SourceArn'?: string } }
}

function allows(policy: string, ruleArn: string): boolean {
  const { Statement: statements = [] } = JSON.parse(policy) as { Statement?: readonly PolicyStatement[] }
  return statements.some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' &&
      Principal.Service === 'events.amazonaws.com' &&
      Condition?.ArnLike?.['AWS:SourceArn'] === ruleArn,
  )
}
