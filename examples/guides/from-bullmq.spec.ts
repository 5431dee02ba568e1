import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { mail, type Mail, send, sendNow } from './from-bullmq.js'

const toAda = { to: 'ada@example.com', template: 'welcome' }

function serviceWith(deliver: (mail: Mail) => Promise<string>) {
  return new TestService({
    flows: [mail],
    dependencies: { mailer: { send: deliver } },
    logger: new NullLogger(),
  })
}

it('tries again, and gives the result', async () => {
  let tries = 0
  const service = serviceWith(async ({ to }) => {
    if (++tries < 3) throw new Error('busy')
    return `sent to ${to}`
  })

  expect(await sendNow(service, 'm-1', toAda)).toBe('sent to ada@example.com')
  expect(tries).toBe(3)
})

it('sends a delayed mail later, and one id once', async () => {
  const at: number[] = []
  const service = serviceWith(async () => {
    at.push(service.now)
    return 'sent'
  })
  const before = service.now
  await send(service, 'm-2', toAda, 3_600_000)
  await send(service, 'm-2', toAda, 3_600_000)
  await service.settle()

  expect(at).toHaveLength(1)
  expect((at[0] as number) - before).toBeGreaterThanOrEqual(3_600_000)
})
