/** What a deployed service must do: each step uses permissions that no other does, and says what went wrong. */
import { randomUUID } from 'node:crypto'
import type { Failures, HistoryEntry, RunPage } from '../../lib/index.ts'
import { letTimePass } from './clock.ts'
import { invoke } from './deployment.ts'
import { areLogged, refusals } from './logs.ts'
import { holdBlueprint, operated, releaseBlueprint } from './operated.ts'
import { type Exercise, type ExerciseOptions, large, LARGE_CHARACTERS } from './part.ts'
import { Service } from './service.ts'
import { startedByOthers } from './starts.ts'
import { eventually, expectEqual, expectThat } from './steps.ts'

/**
 * A message that had to wait comes back when the lease that it met ends, after the function's timeout of a minute.
 * Without the permission to say so it would be after the visibility timeout, six minutes.
 */
const EMPTY_AFTER_MS = 200_000
/** The schedule's minute, and what EventBridge takes until a new rule fires. */
const SWEPT_AFTER_MS = 180_000
/** CloudWatch Logs has a line some seconds after it was written; nobody promises when. */
const LOGGED_AFTER_MS = 180_000
const DAY_MS = 86_400_000
const LINES = [{ sku: 'kettle', quantity: 2, cents: 3_900 }]

export async function exercise(options: ExerciseOptions): Promise<void> {
  const service = new Service(options)
  const runs = { paid: `order-${randomUUID()}`, declined: `order-${randomUUID()}` }
  const all: Exercise = { ...options, ...runs, service }
  const started = Date.now()
  await startAndWait(all)
  await holdBlueprint(all)
  await branchesAndValues(all)
  await startedByOthers(all)
  await deadLettersAndSweep(all)
  await operated(all)
  await releaseBlueprint(all)
  await tellAndEnd(all, started)
}

export async function startAndWait({ steps, service, paid, clients, outputs }: Exercise): Promise<void> {
  await steps.run('a caller with nothing but grantStartRun starts a run, once', async () => {
    const input = { orderId: 'A-17', lines: LINES }
    const request = { blueprintId: 'order-fulfilment', input, runId: paid, labels: labelsOf(paid) }
    expectEqual('the first start', (await service.start(request)).created, true)
    const again = await service.start(request)
    expectEqual(
      'the second start',
      { runId: again.runId, created: again.created },
      { runId: paid, created: false },
    )
  })

  await steps.run('of two messages for one node the second waits, and it runs once', async () => {
    const { runId } = await service.start({ blueprintId: 'nap' })
    await service.put(JSON.stringify({ runId, blueprintId: 'nap', nodeId: 'doze', iteration: 1 }))
    const { context } = await service.completed(runId)
    expectEqual('how often it ran', context['times'], 1)
  })

  await steps.run('the run waits; its webhook URL takes one large answer, and it goes on', async () => {
    const url = await service.paymentPage(paid)
    const input = { orderId: 'A-17', lines: LINES }
    const request = { blueprintId: 'order-fulfilment', input, runId: paid, labels: labelsOf(paid) }
    const late = await service.start(request)
    expectEqual('a start of a run that is under way', late.created, false)
    expectEqual('the answer', (await service.pay(url, { paid: true, receipt: large() })).statusCode, 202)
    await eventually(
      'the run to ship and to sleep',
      async (seen) => {
        const run = await service.runs.get(paid)
        seen(run)
        return run.context['ship'] && !run.waiting?.some(({ nodeId }) => nodeId === 'payment')
          ? true
          : undefined
      },
      service.patienceMs,
    )
    expectEqual('the second answer', (await service.pay(url, { paid: true })).statusCode, 410)
  })

  await steps.run('three days pass at once for its sleep', async () => {
    await letTimePass(clients.dynamoDb, outputs.TableName, paid, 3 * DAY_MS - 2_000)
  })
}

export async function branchesAndValues({ steps, service, declined }: Exercise): Promise<void> {
  await steps.run('another run takes the other branch to its end', async () => {
    const input = { orderId: 'A-18', lines: LINES }
    await service.start({ blueprintId: 'order-fulfilment', input, runId: declined })
    await service.pay(await service.paymentPage(declined), { paid: false })
    const { context } = await service.completed(declined)
    expectEqual('its end', context['release'], { released: ['A-18/kettle'] })
  })

  await steps.run('values too large for the table go through the bucket', async () => {
    const input = { characters: LARGE_CHARACTERS, label: large() }
    const { runId } = await service.start({ blueprintId: 'cargo', input })
    const { context } = await service.completed(runId)
    expectEqual('the weight of value and label', context['weigh'], 2 * LARGE_CHARACTERS)
  })

  await steps.run('hundreds of small values go through pages', async () => {
    const { runId } = await service.start({ blueprintId: 'notes', input: { keys: 300 } })
    const { context } = await service.completed(runId)
    expectEqual('notes that a node counted', context['count'], 300)
    expectEqual('the last of them', context['note 299'], '299'.repeat(40))
  })
}

export async function deadLettersAndSweep(exercise: Exercise): Promise<void> {
  const { steps, service, paid, clients, outputs, invokesSweep } = exercise
  const letters = { poison: `no job ${randomUUID()}`, strange: `strange ${randomUUID()}` }
  const returned = `returned-${randomUUID()}`
  await steps.run('a message that is no job is in the dead-letter queue, with its reason', async () => {
    await service.put(letters.poison)
    const reason = await service.reasonOf(letters.poison, 'keeps it')
    expectThat('a reason that says it is no job', reason.includes('not a job'), reason)
  })

  await steps.run('the scheduled sweep sends the timer, and the sleeping run ends', async () => {
    // What SQS itself would move there: a job that was received too often, and something that is no job.
    await service.putDeadLetter(JSON.stringify({ runId: returned, blueprintId: 'notes', nodeId: 'note' }))
    await service.putDeadLetter(letters.strange)
    if (invokesSweep) await invoke(clients, outputs.SweepFunctionName, {})
    const { context } = await service.completed(paid, SWEPT_AFTER_MS)
    expectEqual('its last output', context['askForReview'], 'How do you like order A-17?')
  })

  await steps.run('it sent a job back from the dead-letter queue, and left there what is none', async () => {
    await eventually('the run of the job', () => service.isThere(returned), service.patienceMs)
    await service.completed(returned)
    const reason = await service.reasonOf(letters.strange, 'removes it')
    expectThat('a reason that says it is no job', reason.includes('not a job'), reason)
    await service.reasonOf(letters.poison, 'removes it')
  })
}

export async function seenByReader(
  { steps, service, paid, declined }: Exercise,
  started: number,
): Promise<void> {
  await steps.run(
    'a caller with grantReadRuns finds runs by label, blueprint, status and start',
    async () => {
      const startedAfter = new Date(started).toISOString()
      const idsOf = async (query: object) =>
        (await service.read<RunPage>('list', query)).runs.map((run) => run.runId)
      expectEqual('by label', await idsOf({ label: labelsOf(paid) }), [paid])
      const ended = { blueprintId: 'order-fulfilment', status: 'completed', startedAfter, limit: 100 }
      expectEqual('orders that completed', (await idsOf(ended)).toSorted(), [declined, paid].toSorted())
      expectEqual('orders that failed', await idsOf({ ...ended, status: 'failed' }), [])
      const { runs: failed } = await service.read<Failures>('failures', { since: startedAfter })
      expectEqual('failures that nobody repaired', failed, 0)
    },
  )

  await steps.run('reads the history of one and what it cost, and may change nothing', async () => {
    const history = await eventually(
      'a history that has its end',
      async (seen) => {
        const entries = await service.read<HistoryEntry[]>('history', paid)
        seen(entries.map(({ type }) => type))
        return entries.at(-1)?.type === 'runEnded' ? entries : undefined
      },
      service.patienceMs,
    )
    const ran = history.flatMap((entry) => (entry.type === 'nodeCompleted' ? entry.nodeId : []))
    expectThat('the nodes in their order', ran.indexOf('ship') > ran.indexOf('payment'), ran)
    const { cost, context } = await service.readRun(paid, ['payment'])
    expectThat('what it cost', (cost?.usd ?? 0) > 0 && (cost?.writeUnits ?? 0) >= ran.length, cost)
    const receipt = (context['payment'] as { body: { receipt: string } }).body.receipt
    expectEqual('the characters of a value of the bucket', receipt.length, LARGE_CHARACTERS)
    const refused = await service.refusalOf('start', { blueprintId: 'greeting' })
    expectThat('a refusal to start another', refused.includes('not authorized to perform'), refused)
  })
}

async function tellAndEnd(exercise: Exercise, started: number): Promise<void> {
  await seenByReader(exercise, started)
  const { steps, service, paid, declined, clients, outputs } = exercise
  await steps.run('the event bus told the end of each run', async () => {
    const ends = await service.endsOf([paid, declined])
    expectEqual('the ends', ends, { [paid]: 'completed', [declined]: 'completed' })
  })

  await steps.run('a rule by onRunCompleted told its queue of the orders alone', async () => {
    const told = await service.fulfilled([paid, declined])
    const expected = [paid, declined].map((runId) => `"Run ${runId} completed"`)
    expectEqual('the messages', told, expected.toSorted())
  })

  await steps.run('nothing is left in the job queue', () => service.empty(EMPTY_AFTER_MS))

  await steps.run('no function was refused anything', async () => {
    const last = `last-${randomUUID()}`
    await service.start({ blueprintId: 'greeting', input: { name: 'the last' }, runId: last })
    await service.completed(last)
    const look = () => areLogged(clients, outputs, { since: started, runId: last })
    await eventually('log lines of the last run', look, LOGGED_AFTER_MS)
    expectEqual('refusals in the logs', await refusals(clients, outputs, started), [])
  })
}

/** Its own in each exercise, since several are of one table. */
function labelsOf(runId: string): { orderId: string } {
  return { orderId: `A-17 of ${runId}` }
}
