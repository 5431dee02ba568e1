import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it, vi } from 'vitest'
import { findRun } from './find-run.js'
import { payment } from './flows.js'

function paying(...statuses: number[]) {
  const charge = vi.fn(async () => ({ status: statuses.shift() ?? 200, receipt: 'R-1' }))
  const service = new TestService({ flows: [payment], dependencies: { cards: { charge } } })
  return { service, charge }
}

describe('errors that a node throws', () => {
  it('put its next try off', async () => {
    const { service, charge } = paying(429, 200)
    expect(await service.run({ blueprintId: 'payment' })).toMatchObject({
      status: 'completed',
      context: { charge: 'R-1' },
    })
    expect(charge).toHaveBeenCalledTimes(2)
  })

  it('end its tries', async () => {
    const { service, charge } = paying(402)
    expect(await service.run({ blueprintId: 'payment' })).toMatchObject({ status: 'failed' })
    expect(charge).toHaveBeenCalledTimes(1)
  })
})

it('an error is told apart by its code', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  expect(await findRun(paying().service, 'nobody')).toBeUndefined()
  expect(warn.mock.calls[0]?.[0]).toMatch(/there is no run 'nobody': see .*#run_not_found$/)
  warn.mockRestore()
})
