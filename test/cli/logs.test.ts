/** Lines that functions logged of a run: where they come from, and what a person sees of them. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs'
import { type AwsClientStub, mockClient } from 'aws-sdk-client-mock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { colorsOf } from '../../lib/cli/io.ts'
import { CloudWatchLogs, patternOf } from '../../lib/cli/logs/cloudwatch-logs.ts'
import { LocalLogs } from '../../lib/cli/logs/local-logs.ts'
import { isOfNode, isOfRun, logRow } from '../../lib/cli/logs/log-line.ts'
import { ioOf } from './io.ts'

const plain = colorsOf(ioOf().io)
const line = (runId: string, more: object = {}) =>
  JSON.stringify({ level: 'INFO', message: 'node ended', runId, ...more })

const event = (eventId: string, timestamp: number, message: string) => ({ eventId, timestamp, message })
const entry = (time: string, fn: string, text: string) =>
  `${JSON.stringify({ time, function: fn, line: text })}\n`

describe('a line', () => {
  it('is of the run that it names, and of no other', () => {
    expect(isOfRun(line('r1'), 'r1')).toBe(true)
    expect(isOfRun(line('r10', { reason: "as run 'r1' said" }), 'r1')).toBe(false)
    expect(isOfRun("could not read run 'r1': no", 'r1')).toBe(true)
    expect(isOfRun('r10 r1-child order:r1', 'r1')).toBe(false)
    expect(isOfRun('r10, then r1', 'r1')).toBe(true)
    expect(isOfRun('{"body":"{\\"runId\\":\\"r1\\"}"}', 'r1')).toBe(true)
    // Lambda's own JSON around what `console.log` is given.
    expect(isOfRun(JSON.stringify({ message: { runId: 'r1', nodeId: 'a' } }), 'r1')).toBe(true)
    expect(isOfNode(JSON.stringify({ message: line('r1', { nodeId: 'a' }) }), 'a')).toBe(true)
    expect(isOfNode(line('r1', { nodeId: 'b' }), 'a')).toBe(false)
  })

  it('is time, level, node and what it says', () => {
    const time = Date.parse('2026-11-27T09:00:00Z')
    const error = line('r1', { level: 'error', nodeId: 'pay', outcome: 'failed', ms: 12, service: 'shop' })
    expect(logRow(plain, { time, line: error })).toEqual([
      '2026-11-27T09:00:00.000Z',
      'ERROR',
      'pay',
      'node ended  outcome=failed  ms=12',
    ])
    expect(logRow(plain, { time, line: 'a text' })).toEqual(['2026-11-27T09:00:00.000Z', '-', '', 'a text'])
    const colors = colorsOf(ioOf({ isTerminal: true }).io)
    expect(logRow(colors, { time, line: error })[1]).toBe(colors.red('ERROR'))
  })

  it('is found by a pattern that keeps the id together', () => {
    expect(patternOf('order-A-17')).toBe('"order-A-17"')
    expect(patternOf('a "b" \\ c')).toBe(String.raw`"a \\\"b\\\" \\\\ c"`)
  })
})

describe('CloudWatch Logs', () => {
  let logs: AwsClientStub<CloudWatchLogsClient>
  beforeEach(() => {
    logs = mockClient(CloudWatchLogsClient)
    vi.stubEnv('AWS_REGION', 'eu-north-1')
  })
  afterEach(() => {
    logs.restore()
    vi.unstubAllEnvs()
  })

  it('gives the lines of all groups and pages in order, and each once', async () => {
    logs
      .on(FilterLogEventsCommand, { logGroupName: 'a' })
      .resolves({ events: [event('1', 1_000, `${line('r1', { nodeId: 'a' })}\n`)], nextToken: 'more' })
      .on(FilterLogEventsCommand, { logGroupName: 'a', nextToken: 'more' })
      .resolves({ events: [event('2', 3_000, line('r1', { nodeId: 'c' })), event('3', 3_000, line('r10'))] })
      .on(FilterLogEventsCommand, { logGroupName: 'b' })
      .resolves({ events: [event('1', 2_000, line('r1', { nodeId: 'b' }))] })
      .on(FilterLogEventsCommand, { logGroupName: 'none' })
      .rejects(Object.assign(new Error('no group'), { name: 'ResourceNotFoundException' }))
    const source = new CloudWatchLogs({
      logGroups: ['a', 'b', 'none'],
      runId: 'r1',
      since: 500,
      until: 60_000,
    })
    expect((await source.next()).map(({ time }) => time)).toEqual([1_000, 2_000, 3_000])
    expect(await source.next()).toEqual([])
    expect(logs.commandCalls(FilterLogEventsCommand)[0]?.args[0].input).toMatchObject({
      logGroupName: 'a',
      startTime: 500,
      endTime: 60_000,
      filterPattern: '"r1"',
    } satisfies FilterLogEventsCommandInput)
  })

  it('says what it may not do', async () => {
    const denied = Object.assign(new Error('not authorized to perform: logs:FilterLogEvents'), {
      name: 'AccessDeniedException',
    })
    logs.on(FilterLogEventsCommand).rejects(denied)
    const source = new CloudWatchLogs({ logGroups: ['a'], runId: 'r1', since: 0 })
    await expect(source.next()).rejects.toThrow('logs:FilterLogEvents')
  })
})

describe('the log of the dev server', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flowcraft-cli-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('gives the lines of the service that are new, and none that is half written', async () => {
    const file = join(folder, 'logs.jsonl')
    const since = Date.parse('2026-11-27T09:00:00Z')
    const source = new LocalLogs({ file, functions: ['worker'], runId: 'r1', since })
    expect(await source.next()).toEqual([])
    await writeFile(
      file,
      [
        entry('2026-11-27T08:59:59Z', 'worker', line('r1')),
        entry('2026-11-27T09:00:00Z', 'worker', line('r1', { nodeId: 'é' })),
        entry('2026-11-27T09:00:00Z', 'other', line('r1')),
        entry('2026-11-27T09:00:00Z', 'worker', line('r2')),
        'what is that\n',
        '{"time":1}\n',
      ].join(''),
    )
    expect(await source.next()).toEqual([{ time: since, line: line('r1', { nodeId: 'é' }) }])
    const next = entry('2026-11-27T09:00:01Z', 'worker', line('r1'))
    await appendFile(file, next.slice(0, 20))
    expect(await source.next()).toEqual([])
    await appendFile(file, next.slice(20))
    expect(await source.next()).toEqual([{ time: since + 1_000, line: line('r1') }])
    await writeFile(file, next)
    expect(await source.next()).toHaveLength(1)
  })
})
