/** The console's app over a service in memory, as requests reach it. */
import { createFlow, JsonSerializer, NullLogger } from 'flowcraft'
import { consoleApp } from '../../lib/console/app.ts'
import type { DescribeWorkers } from '../../lib/console/blueprint-views.ts'
import { ServiceSource, type ServiceSourceOptions } from '../../lib/console/service-source.ts'
import { RunClient } from '../../lib/client/run-client.ts'
import { describeBlueprints } from '../../lib/core/blueprints/described.ts'
import { register } from '../../lib/core/blueprints/registration.ts'
import type { Flow } from '../../lib/core/blueprints/registry.ts'
import { TestService } from '../../lib/testing/index.ts'

export const TOKEN = 'the-token'
export const PORT = 4321
const COOKIE = `flowcraft_console_${PORT}=${TOKEN}`

/** Charges less than 100, once somebody approved; from 100 on it fails. */
const order = createFlow('order')
  .node('charge', async ({ context }) => {
    const amount = (await context.get('amount')) as number
    if (amount >= 100) throw new Error(`declined: ${amount}`, { cause: new Error('the bank said no') })
    return { output: { amount } }
  })
  .wait('approval')
  .node('ship', async () => ({ output: 'shipped' }))
  .node('refuse', async () => ({ output: 'refused' }))
  .edge('charge', 'approval')
  .edge('approval', 'ship', { action: 'approve' })
  .edge('approval', 'refuse', { action: 'refuse' })

export interface Served {
  readonly service: TestService
  readonly source: ServiceSource
  /** As the page asks, with its cookie. */
  get(path: string, init?: RequestInit): Promise<Response>
  post(path: string, body: unknown): Promise<Response>
  /** As anybody asks. */
  request(path: string, headers?: Record<string, string>, init?: RequestInit): Promise<Response>
}

export function served(
  options: Partial<ServiceSourceOptions> & {
    readonly writable?: boolean
    readonly history?: 'full'
    readonly flows?: Flow[]
  } = {},
): Served {
  const { writable = true, history, flows = [order], ...more } = options
  const service = new TestService({ flows, logger: new NullLogger(), history })
  const { services, deadLetters } = service
  const made = { ...services, emit: async () => {}, deadLetters, serializer: new JsonSerializer() }
  const client = new RunClient({}, made)
  const describeWorkers: DescribeWorkers = async (request) =>
    describeBlueprints(register({ flows }), { flowcraft: 'describe', ...request })
  const shown = { name: 'Shop/Flows', place: 'Shop/Flows, local', kind: 'local', version: '1.0.0', by: 'Ada' }
  const source = new ServiceSource({
    client,
    service: { ...shown, writable } as ServiceSource['service'],
    describeWorkers,
    now: () => service.now,
    ...more,
  })
  const app = consoleApp({ sources: () => [source], token: TOKEN, port: () => PORT, pageFolder: 'console' })
  const request = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    app.request(`http://127.0.0.1:${PORT}${path}`, {
      ...init,
      headers: { host: `127.0.0.1:${PORT}`, ...headers },
    })
  return {
    service,
    source,
    request,
    get: (path, init) => request(`/api${path}`, { cookie: COOKIE }, init),
    post: (path, body) =>
      request(
        `/api${path}`,
        { cookie: COOKIE, 'content-type': 'application/json', origin: `http://127.0.0.1:${PORT}` },
        { method: 'POST', body: JSON.stringify(body) },
      ),
  }
}

/** The objects of an answer in lines. */
export async function linesOf(answer: Response): Promise<unknown[]> {
  const text = await answer.text()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}
