/** What the command line prints, and how it ends, without a service. */
import { createFlow, NullLogger } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { exitCodeOf, sentenceOf } from '../../lib/cli/exit-codes.ts'
import { colorsOf, type Io } from '../../lib/cli/io.ts'
import { main } from '../../lib/cli/main.ts'
import { withProgress } from '../../lib/cli/progress.ts'
import { durationText, runLines, table } from '../../lib/cli/render.ts'
import { FlowcraftAwsError } from '../../lib/index.ts'
import { TestService } from '../../lib/testing/index.ts'
import { ioOf } from './io.ts'

const red = (options: Partial<Io>) => colorsOf(ioOf(options).io).red('x')

describe('what is told', () => {
  it('is help, without a service', async () => {
    const { io, out } = ioOf()
    expect(await main(['--help'], io)).toBe(0)
    expect(out.join('\n')).toContain('Exit codes:')
    expect(await main(['redrive', '--help'], io)).toBe(0)
    expect(out.join('\n')).toContain('--failed-since <time>')
    expect(await main([], io)).toBe(2)
    expect(await main(['--version'], io)).toBe(0)
    expect(out.at(-1)).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('is an exit code for each kind of trouble', () => {
    expect(exitCodeOf(new FlowcraftAwsError('RUN_NOT_FOUND', 'no'))).toBe(3)
    expect(exitCodeOf(new FlowcraftAwsError('INVALID_STATE', 'no'))).toBe(4)
    expect(exitCodeOf(new FlowcraftAwsError('RUN_TIMEOUT', 'no'))).toBe(6)
    expect(exitCodeOf(new Error('no'))).toBe(1)
    const cause = Object.assign(new Error('the token expired'), { name: 'ExpiredTokenException' })
    const wrapped = new FlowcraftAwsError('REQUEST_FAILED', 'DynamoDB GetItem failed', { cause })
    expect(exitCodeOf(wrapped)).toBe(5)
    expect(sentenceOf(wrapped)).toBe('DynamoDB GetItem failed: the token expired')
  })

  it('has colours for people, unless they want none', () => {
    expect(red({ isTerminal: true })).not.toBe('x')
    expect(red({ isTerminal: true, env: { NO_COLOR: '1' } })).toBe('x')
    expect(red({ isTerminal: false })).toBe('x')
  })

  it('stands in columns, colours and all', () => {
    const colored = colorsOf(ioOf({ isTerminal: true }).io).red('bb')
    expect(
      table([
        ['a', colored, 'c'],
        ['aaa', 'b', 'c'],
      ]),
    ).toEqual([`a    ${colored}  c`, 'aaa  b   c'])
    expect([12, 3_400, 65_000, 4_320_000, 180_000_000].map(durationText)).toEqual([
      '12ms',
      '3.4s',
      '1m 5s',
      '1h 12m',
      '2d 2h',
    ])
  })

  it('is each node of a run, with what it waits for and what it failed with', async () => {
    const flow = createFlow('pay')
      .node('price', async () => ({ output: 1 }))
      .wait('approve')
      .node('charge', async () => {
        throw new TypeError('no card')
      })
      .edge('price', 'approve')
      .edge('approve', 'charge')
    const service = new TestService({ flows: [flow], logger: new NullLogger() })
    const colors = colorsOf(ioOf().io)
    const waiting = await service.run({ blueprintId: 'pay', runId: 'r1' })
    const lines = runLines(colors, waiting, service.now + 65_000)
    expect(lines).toEqual([
      'r1  pay  awaiting  1m 5s',
      '  price    completed',
      '  approve  waiting    external event',
      '  charge   not run',
    ])
    await service.resume('r1')
    await service.settle()
    expect(runLines(colors, await service.get('r1'), service.now).at(-1)).toContain('charge: ')
  })
})

const slowly = async (io: Io, ms: number) =>
  withProgress(io, 'counting', async (progress) => {
    progress('counted 1')
    await new Promise((resolve) => setTimeout(resolve, ms))
    progress('counted 2')
    await new Promise((resolve) => setTimeout(resolve, 1))
  })

describe('what takes long', () => {
  afterEach(() => void vi.useRealTimers())

  it('says after a second how far it is, to a person', async () => {
    vi.useFakeTimers()
    const { io, err } = ioOf({ showsProgress: true })
    const working = slowly(io, 1_500)
    await vi.advanceTimersByTimeAsync(2_000)
    await working
    expect(err).toEqual(['counted 1 ...', '\u001B[1A\u001B[0Jcounted 2'])
  })

  it('says nothing where it is quick, or nobody looks', async () => {
    vi.useFakeTimers()
    const [quick, unseen] = [ioOf({ showsProgress: true }), ioOf()]
    const working = [slowly(quick.io, 900), slowly(unseen.io, 5_000)]
    await vi.advanceTimersByTimeAsync(6_000)
    await Promise.all(working)
    expect([quick.err, unseen.err]).toEqual([[], []])
  })
})
