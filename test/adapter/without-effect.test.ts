import { createFlow } from 'flowcraft'
import { expect, it, vi } from 'vitest'
import { SqsAdapter } from '../../lib/index.ts'

const flow = createFlow('one').node('a', async () => ({}))

function warningsOfMaking(Adapter: typeof SqsAdapter, more: object = {}): unknown[] {
  const warn = vi.fn()
  const logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
  const names = { queueUrl: 'http://127.0.0.1/q', tableName: 't' }
  const made = new Adapter({ flows: [flow], logger, ...names, ...more })
  expect(made).toBeInstanceOf(SqsAdapter)
  return warn.mock.calls.map(([message]: unknown[]) => message)
}

it('warns of options of the other adapter, and of hooks that nobody calls', () => {
  class Own extends SqsAdapter {
    protected override async enqueueJob(): Promise<void> {}
    protected override async publishFinalResult(): Promise<void> {}
  }
  const options = { contextTableName: 'contexts', statusTableName: 'statuses' }

  expect(warningsOfMaking(Own, options)).toEqual([
    'option contextTableName has no effect here; see docs/migrating.md',
    'option statusTableName has no effect here; see docs/migrating.md',
    'method enqueueJob has no effect here; see docs/migrating.md',
  ])
})

it('warns of nothing where there is nothing', () => {
  class Own extends SqsAdapter {
    protected override async publishFinalResult(): Promise<void> {}
    protected override async onJobStart(): Promise<void> {}
  }
  expect(warningsOfMaking(SqsAdapter)).toEqual([])
  expect(warningsOfMaking(Own)).toEqual([])
})

it('says nothing while it is made', () => {
  const info = vi.fn()
  const logger = { debug: info, info, warn: info, error: info }
  const adapter = new SqsAdapter({ flows: [flow], logger, queueUrl: 'http://127.0.0.1/q', tableName: 't' })
  expect(adapter).toBeInstanceOf(SqsAdapter)
  expect(info.mock.calls).toEqual([])
})

it('refuses options that are nested as the other adapter has them, which would leave it without blueprints', () => {
  expect(() => warningsOfMaking(SqsAdapter, { runtimeOptions: { blueprints: {} } })).toThrow(
    expect.objectContaining({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(/runtimeOptions/),
    }),
  )
})
