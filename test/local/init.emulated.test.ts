/** What a bundle needs to load, and how a function says that its code does not. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { bundleHandler, startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { commonJsProject, ENTRIES, type Project } from '../support/common-js.ts'
import { eventually, moduleFile, sendAll } from './helpers.ts'

let local: LocalAws
let project: Project
beforeAll(async () => {
  local = await startLocalAws()
  project = await commonJsProject()
})
afterEach(() => void vi.restoreAllMocks())
afterAll(async () => {
  await local.stop()
  await project[Symbol.asyncDispose]()
})

describe('a bundle with CommonJS in it', () => {
  it.each(Object.entries(ENTRIES))('loads with %s', async (_, source) => {
    for (const minify of [false, true]) {
      const { file } = await bundleHandler({ entry: await project.entry(source), minify })
      const fn = await local.createFunction({ code: { file } })

      const { dep, own } = (await fn.invoke(null)) as Record<string, Record<string, string> | undefined>

      if (dep) {
        expect(dep).toMatchObject({ os: 'function', resolves: 'function' })
        expect(dep['file']).toBe(`${dep['folder']}/${dep['file']?.split('/').at(-1)}`)
        expect(dep['file']).toMatch(/\.mjs$/)
      }
      if (own) expect(own).toMatchObject({ os: 'function', folder: expect.stringMatching(/^\//) })
      if (dep && own) expect(own['folder']).toBe(dep['folder'])
    }
  })
})

const failures = (lines: readonly string[]) => lines.filter((line) => line.includes('Init Error'))

describe('code that does not load', () => {
  const failing = `
    console.log('loading')
    throw new Error('cannot load the price list', { cause: new Error('no file prices.json') })`
  it('says so once, with its cause, however many messages come', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { queueUrl } = await local.createQueue({ visibilityTimeoutSeconds: 10, maxReceiveCount: 3 })
    const fn = await local.createFunction({
      // What is killed since it takes too long to load says what it has to say, each time.
      timeoutSeconds: 10,
      code: { file: await moduleFile(failing) },
    })
    const mapping = await local.mapEventSource({ queueUrl, function: fn, batchSize: 1 })
    await sendAll(
      local,
      queueUrl,
      Array.from({ length: 12 }, (_, i) => `message ${i}`),
    )
    await eventually(() => fn.stats.errors >= 12)
    await mapping.stop()

    // A process that loads while another fails may have said it already, each once.
    expect(failures(fn.logs).length).toBeGreaterThan(0)
    expect(failures(fn.logs).length).toBeLessThan(12)
    expect(failures(fn.logs).join('\n')).toContain('caused by: Error: no file prices.json')
    // A process may be gone before its error arrives: then that it is gone is said, once as well.
    const said = printed.mock.calls.map(([text]: unknown[]) => text)
    expect(said).toEqual([...new Set(said)])
    expect(said.length).toBeLessThan(3)
    expect(said.join('\n')).toContain(
      `function ${fn.name} does not load, so each invocation of it fails: function ${fn.name} failed: Error: cannot load the price list`,
    )
    expect(said.join('\n')).toContain('caused by: Error: no file prices.json')
  })

  it('says it to whoever gets its lines, and again where it fails otherwise', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const lines: string[] = []
    const fn = await local.createFunction({
      code: { file: await moduleFile(failing) },
      onLog: (line) => lines.push(line),
    })
    for (let i = 0; i < 3; i++) await expect(fn.invoke(i)).rejects.toThrow('cannot load the price list')
    await eventually(() => failures(lines).length > 0)
    await fn.replaceCode(await moduleFile("throw new TypeError('now this')"))
    for (let i = 0; i < 3; i++) await expect(fn.invoke(i)).rejects.toThrow('now this')

    await eventually(() => failures(lines).length > 1)
    expect(failures(lines)).toHaveLength(2)
    expect(printed).not.toHaveBeenCalled()
  })

  it('tells of a loaded function all that it prints, before and after', async () => {
    const source = "console.log('loading'); export const handler = async () => console.log('working')"
    const fn = await local.createFunction({ code: { file: await moduleFile(source) } })
    await fn.invoke(null)
    await eventually(() => expect(fn.logs).toEqual(['loading', 'working']))
  })
})
