/** A run saved as a file, opened without a service. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileSource, readRunFile } from '../../lib/console/file-source.ts'
import type { RunFile } from '../../lib/console/views.ts'
import { served } from './served.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-console-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

const shown = { name: 'run.json', place: 'run.json', version: '1.0.0', by: 'Ada', services: [] }

describe('a run that was saved', () => {
  it('shows what the service showed', async () => {
    const { service, source } = served({ history: 'full' })
    await service.run({
      blueprintId: 'order',
      runId: 'r',
      input: { amount: 100 },
      labels: { tenant: 'acme' },
    })
    const path = join(folder, 'run.json')
    await writeFile(path, JSON.stringify(await source.file('r')))
    const file = new FileSource(await readRunFile(path), shown)

    for (const read of ['run', 'graph', 'history', 'context'] as const)
      expect(await file[read]('r')).toEqual(await source[read]('r'))
    for (const node of ['charge', 'approval'])
      expect(await file.node('r', node)).toEqual(await source.node('r', node))
    expect(await file.value('r', 'amount')).toEqual({ value: 100, bytes: 3 })
    expect(await file.runs()).toEqual(await source.runs({}))
    expect(file.service).toMatchObject({ kind: 'file', writable: false, runId: 'r' })
    expect(file).not.toHaveProperty('acts')
    await expect(file.run('other')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  it.each([
    ['no JSON', 'nope', /cannot open .*JSON/],
    ['another format', '{"format":"x"}', /no file of a run that the console saved: format/],
    [
      'no run',
      '{"format":"flowcraft-aws run 1","savedAt":"x"}',
      /no file of a run that the console saved: run/,
    ],
  ])('is refused where it is %s', async (_, text, message) => {
    const path = join(folder, 'run.json')
    await writeFile(path, text)
    await expect(readRunFile(path)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message) as string,
    })
    await expect(readRunFile(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('keeps the format that files have', async () => {
    const { service, source } = served()
    await service.run({ blueprintId: 'order', runId: 'r', input: { amount: 1 } })
    const file: RunFile = await source.file('r')
    expect(Object.keys(file).toSorted()).toEqual([
      'context',
      'errors',
      'format',
      'graph',
      'history',
      'run',
      'savedAt',
    ])
  })
})
