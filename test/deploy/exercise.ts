/** What a deployed service must do: each step uses permissions that no other does, and says what went wrong. */
import { randomBytes, randomUUID } from 'node:crypto'
import type {
  DeadLetterSummary,
  Failures,
  ForkResult,
  RedriveResult,
  RunDescription,
  RunPage,
} from '../../lib/index.ts'
import { letTimePass } from './clock.ts'
import type { Found } from './app/reader.ts'
import { invoke } from './deployment.ts'
import { refusals } from './logs.ts'
import { Service, type ServiceOptions } from './service.ts'
import { eventually, expectEqual, expectThat, type Steps } from './steps.ts'

export interface ExerciseOptions extends ServiceOptions {
  readonly steps: Steps
  /** Whether the sweep is invoked by the test instead of awaited from its schedule. @default false */
  readonly invokesSweep?: boolean
}

/**
 * A message that had to wait comes back when the lease that it met ends, after the function's timeout of a minute.
 * Without the permission to say so it would be after the visibility timeout, six minutes.
 */
const EMPTY_AFTER_MS = 200_000
/** The schedule's minute, and what EventBridge takes until a new rule fires. */
const SWEPT_AFTER_MS = 180_000
const DAY_MS = 86_400_000
const LINES = [{ sku: 'kettle', quantity: 2, cents: 3_900 }]
/** More than an item of the table takes (400 KB), also when it is compressed. */
const LARGE_CHARACTERS = 1_000_000

interface Exercise extends ExerciseOptions {
  readonly service: Service
  /** The run of an order that is paid, and of one that is not. */
  readonly paid: string
  readonly declined: string
}

export async function exercise(options: ExerciseOptions): Promise<void> {
  const service = new Service(options)
  const runs = { paid: `order-${randomUUID()}`, declined: `order-${randomUUID()}` }
  const all: Exercise = { ...options, ...runs, service }
  const started = Date.now()
  await startAndWait(all)
  await branchesAndValues(all)
  await deadLettersAndSweep(all)
  await operated(all)
  await tellAndEnd(all, started)
}

async function startAndWait({ steps, service, paid, clients, outputs }: Exercise): Promise<void> {
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

async function branchesAndValues({ steps, service, declined }: Exercise): Promise<void> {
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

async function deadLettersAndSweep(exercise: Exercise): Promise<void> {
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

async function operated({ steps, service }: Exercise): Promise<void> {
  const runId = `fragile-${randomUUID()}`
  await steps.run('an operator finds a failed run by its label and by its error', async () => {
    const since = new Date(Date.now() - 60_000).toISOString()
    await service.start({ blueprintId: 'fragile', runId, labels: { orderId: runId } })
    const { status } = await service.runs.waitFor(runId, { timeoutMs: service.patienceMs, pollMs: 250 })
    expectEqual('how it ended', status, 'failed')
    const found = await eventually(
      'the run in the index',
      async (seen) => {
        const { runs } = await service.operate<RunPage>('list', {
          label: { orderId: runId },
          status: 'failed',
        })
        seen(runs)
        return runs.length > 0 ? runs : undefined
      },
      service.patienceMs,
    )
    expectEqual(
      'the runs with its label',
      found.map((run) => run.runId),
      [runId],
    )
    const { groups } = await service.operate<Failures>('failures', { since })
    const group = groups.find((one) => one.nodeId === 'charge')
    expectThat('a group of its error', group?.message.includes('there is no card') === true, groups)
  })

  await steps.run('looks at dead letters, and drops one', async () => {
    const body = `dropped ${randomUUID()}`
    await service.putDeadLetter(body)
    const letter = await eventually(
      'the message among the dead letters',
      async (seen) => {
        const letters = await service.operate<DeadLetterSummary[]>('letters', {})
        seen(letters)
        return letters.find((one) => one.body === body)
      },
      service.patienceMs,
    )
    const dropped = await service.operate<DeadLetterSummary[]>('drop', { ids: [letter.id] })
    expectEqual(
      'what was dropped',
      dropped.map((one) => one.body),
      [body],
    )
  })

  await steps.run('redrives it with what it lacked, pauses it, and skips what it waits for', async () => {
    const why = { by: 'Ada', reason: 'the card came late' }
    const { again } = await service.operate<RedriveResult>('redrive', runId, {
      set: { card: large() },
      ...why,
    })
    expectEqual('what runs again', again, ['charge'])
    await eventually(
      'the run to wait',
      async (seen) => {
        const run = await service.operate<RunDescription>('get', runId)
        seen({ status: run.status, errors: run.errors })
        return run.status === 'awaiting' ? true : undefined
      },
      service.patienceMs,
    )
    expectEqual('a pause', await service.operate('pause', runId, why), { paused: true })
    const skipped = await service.operate('skip', runId, { nodeId: 'approval', output: 'hand', ...why })
    expectEqual('the skip', skipped, { skipped: true })
    expectEqual('an unpause', await service.operate('unpause', runId, why), { unpaused: true })
    const { context, operations = [] } = await service.completed(runId)
    expectEqual('its end', context['ship'], 'shipped by hand')
    const done = operations.map(({ kind, by }) => `${kind} by ${by}`)
    expectEqual(
      'who did it',
      done,
      ['redrive', 'pause', 'skip', 'unpause'].map((kind) => `${kind} by Ada`),
    )
  })

  await steps.run('forks it from its last node, and finds the fork', async () => {
    const { runId: fork, again } = await service.operate<ForkResult>('fork', runId, { nodes: ['ship'] })
    expectEqual('what runs again', again, ['ship'])
    const { context, forkedFrom } = await service.completed(fork)
    expectEqual('its end', context['ship'], 'shipped by hand')
    expectEqual(
      'what it has of the first run',
      context['card'],
      (await service.completed(runId)).context['card'],
    )
    expectEqual('where it is from', forkedFrom, { runId })
    const { runs } = await service.operate<RunPage>('list', { forkedFrom: runId })
    expectEqual(
      'its forks',
      runs.map((run) => run.runId),
      [fork],
    )
  })
}

async function tellAndEnd(exercise: Exercise, started: number): Promise<void> {
  const { steps, service, paid, declined, clients, outputs } = exercise
  await steps.run(
    'a reader of the table finds the runs, by label and by start, and none that failed',
    async () => {
      const since = new Date(started).toISOString()
      const event = { ...labelsOf(paid), since }
      const found = await invoke<Found>(clients, outputs.ReaderFunctionName, event)
      expectEqual('by label', found.byLabel, [paid])
      expectEqual('by start', found.byStart.toSorted(), [declined, paid].toSorted())
      expectEqual('failed', found.failed, 0)
    },
  )

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
    expectEqual('refusals in the logs', await refusals(clients, outputs, started), [])
  })
}

/** Its own in each exercise, since several are of one table. */
function labelsOf(runId: string): { orderId: string } {
  return { orderId: `A-17 of ${runId}` }
}

/** Random, so that compression does not make it small after all. */
function large(): string {
  return randomBytes(LARGE_CHARACTERS / 2).toString('hex')
}
