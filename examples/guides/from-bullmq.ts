import { createFlow, type NodeContext } from 'flowcraft'
import type { Runs } from 'flowcraft-aws'

export interface Mail {
  to: string
  template: string
}
export interface Mailer {
  send(mail: Mail): Promise<string>
}

// new Worker('mail', async (job) => mailer.send(job.data), { ... })
export const mail = createFlow<Mail, { mailer: Mailer }>('mail').node(
  'send',
  async ({ context, dependencies }: NodeContext<Mail, { mailer: Mailer }>) => ({
    output: await dependencies.mailer.send({
      to: (await context.get('to')) ?? '',
      template: (await context.get('template')) ?? '',
    }),
  }),
  // { attempts: 5, backoff: { type: 'exponential', delay: 1000 } }
  { config: { retry: { maxAttempts: 5, delay: '1s', backoff: 'exponential' } } },
)

// queue.add('mail', data, { jobId, delay })
export async function send(runs: Runs, jobId: string, data: Mail, delayMs = 0): Promise<void> {
  await runs.start({ blueprintId: 'mail', runId: jobId, input: { ...data }, delayMs })
}

// job.waitUntilFinished(queueEvents)
export async function sendNow(runs: Runs, jobId: string, data: Mail): Promise<unknown> {
  await send(runs, jobId, data)
  const { context } = await runs.waitFor(jobId)
  return context['send']
}
