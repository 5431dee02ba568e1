// Functions behave as on Lambda: context, environment, errors, warm starts, deploys.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FunctionError,
  ThrottledError,
  bundleHandler,
  bundlingOptions,
  startLocalAws,
} from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { eventually, functionOf, lives, moduleFile } from './helpers.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterAll(() => local.stop())

/** Code that waits for the event's milliseconds and tells its number. */
const version = (n: number) =>
  moduleFile(`export const handler = async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return ${n}
  }`)

describe('invoke', () => {
  it('passes event and result as JSON', async () => {
    const fn = await functionOf(local, 'return { event, gone: undefined, date: new Date(0) }')
    const result = await fn.invoke({ a: [1, 'ü😀', null], gone: undefined })
    expect(result).toEqual({ event: { a: [1, 'ü😀', null] }, date: '1970-01-01T00:00:00.000Z' })
    expect(await (await functionOf(local, '')).invoke(undefined)).toBe(null)
  })

  it('gives the context of Lambda', async () => {
    const fn = await functionOf(local, 'return { ...context, left: context.getRemainingTimeInMillis() }', {
      name: 'my-fn',
      timeoutSeconds: 7,
      memoryMb: 512,
    })
    const context = (await fn.invoke(null)) as Context & { left: number }
    expect(context).toMatchObject({
      functionName: 'my-fn',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:my-fn',
      memoryLimitInMB: '512',
      logGroupName: '/aws/lambda/my-fn',
      logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(context.left).toBeGreaterThan(0)
    expect(context.left).toBeLessThanOrEqual(7_000)
  })

  it('gives the environment of Lambda and nothing of the host', async () => {
    process.env['SECRET_OF_THE_HOST'] = 'x'
    const fn = await functionOf(local, 'return { ...process.env, offset: new Date().getTimezoneOffset() }', {
      environment: { TABLE: 't' },
    })
    const env = (await fn.invoke(null)) as Record<string, string>
    delete process.env['SECRET_OF_THE_HOST']
    expect(env).toMatchObject({ ...local.env, TABLE: 't', AWS_LAMBDA_FUNCTION_NAME: fn.name, offset: 0 })
    const known = /^(AWS_|LAMBDA_|_HANDLER$|TABLE$|PATH$|LANG$|TZ$|offset$)/
    expect(Object.keys(env).filter((name) => !known.test(name))).toEqual([])
  })

  it('reuses a warm environment, and starts another for a second invocation at a time', async () => {
    const file = await moduleFile(`
      let calls = 0
      export const handler = async (ms) => {
        calls += 1
        await new Promise((resolve) => setTimeout(resolve, ms))
        return { pid: process.pid, calls }
      }`)
    const fn = await local.createFunction({ code: { file } })
    const first = (await fn.invoke(0)) as { pid: number }
    expect(await fn.invoke(0)).toEqual({ pid: first.pid, calls: 2 })
    const both = (await Promise.all([fn.invoke(100), fn.invoke(100)])) as { pid: number }[]
    expect(new Set(both.map(({ pid }) => pid)).size).toBe(2)
    expect(fn.stats).toMatchObject({ invocations: 4, coldStarts: 2, errors: 0 })
    expect(fn.stats.billedMs).toBeGreaterThanOrEqual(200)
  })

  it('refuses more than its concurrency', async () => {
    const fn = await functionOf(local, 'await new Promise((resolve) => setTimeout(resolve, 200))', {
      maxConcurrency: 1,
    })
    const running = fn.invoke(null)
    await expect(fn.invoke(null)).rejects.toBeInstanceOf(ThrottledError)
    await running
    await fn.invoke(null)
    expect(fn.stats).toMatchObject({ invocations: 2, throttles: 1, errors: 0 })
  })

  it('passes on what the function prints', async () => {
    const lines: string[] = []
    const fn = await functionOf(local, "console.log('one\\ntwo'); console.error('three')", {
      onLog: (line) => lines.push(line),
    })
    await fn.invoke(null)
    await eventually(() => expect(lines.toSorted()).toEqual(['one', 'three', 'two']))
    expect(fn.logs).toEqual(lines)
  })

  it('refuses what is too large for Lambda', async () => {
    const fn = await functionOf(local, "return 'x'.repeat(event.length)")
    await expect(fn.invoke('x'.repeat(6 * 1024 * 1024))).rejects.toThrow('Lambda allows 6291456')
  })
})

describe('failures', () => {
  it('reports what the handler throws and keeps the environment', async () => {
    const fn = await functionOf(local, "if (event) throw new TypeError('bad input'); return process.pid")
    const pid = await fn.invoke(null)
    const error = (await fn.invoke(true).catch((error: unknown) => error)) as FunctionError
    expect(error).toBeInstanceOf(FunctionError)
    expect(error).toMatchObject({ errorType: 'TypeError', errorMessage: 'bad input' })
    expect(error.trace.join('\n')).toContain('.mjs')
    expect(error.message).toBe(`function ${fn.name} failed: TypeError: bad input`)
    expect(await fn.invoke(null)).toBe(pid)
    expect(fn.stats).toMatchObject({ errors: 1, coldStarts: 1 })
  })

  it('kills an invocation that takes too long, and only that', async () => {
    const fn = await functionOf(
      local,
      'console.log(process.pid); await new Promise((r) => setTimeout(r, event)); return 1',
      { timeoutSeconds: 3 },
    )
    const [late, quick] = await Promise.allSettled([fn.invoke(30_000), fn.invoke(10)])
    expect(late).toMatchObject({ status: 'rejected', reason: { errorType: 'Sandbox.Timedout' } })
    expect(String((late as PromiseRejectedResult).reason)).toMatch(
      /Error: Task timed out after 3\.00 seconds$/,
    )
    expect(quick).toEqual({ status: 'fulfilled', value: 1 })
    expect(fn.stats).toMatchObject({ timeouts: 1, errors: 1 })
    const pids = fn.logs.map(Number)
    await eventually(() => expect(pids.filter(lives)).toHaveLength(1))
    expect(await fn.invoke(10)).toBe(1)
  })

  it.each([
    ['process.exit(3)', 'Runtime.ExitError', /Error: Runtime exited with error: exit status 3$/],
    ['process.exit(0)', 'Runtime.ExitError', /Error: Runtime exited without providing a reason$/],
    ["process.kill(process.pid, 'SIGKILL')", 'Runtime.ExitError', /signal: killed$/],
    ["setTimeout(() => { throw new RangeError('late') })", 'RangeError', /^late$/],
    ["Promise.reject(new Error('lost'))", 'Runtime.UnhandledPromiseRejection', /^Error: lost$/],
  ])('fails only the invocation that does %s', async (statement, errorType, errorMessage) => {
    const body = `if (event) { ${statement}; await new Promise(() => setTimeout(() => {}, 9_000)) } return 'fine'`
    const fn = await functionOf(local, body)
    // The last one comes while the first one's process is still on its way out.
    const next = fn.invoke(true).then(null, () => fn.invoke(false))
    const [bad, good] = await Promise.allSettled([fn.invoke(true), fn.invoke(false)])
    expect(await next).toBe('fine')
    expect(bad).toMatchObject({ status: 'rejected', reason: { errorType } })
    expect((bad as PromiseRejectedResult).reason.errorMessage).toMatch(errorMessage)
    expect(good).toEqual({ status: 'fulfilled', value: 'fine' })
    expect(await fn.invoke(false)).toBe('fine')
  })

  it.each([
    ['export const other = 1', 'Runtime.HandlerNotFound'],
    ['export const handler = async () => { syntax error', 'Runtime.UserCodeSyntaxError'],
    ["import 'not-bundled'; export const handler = async () => {}", 'Runtime.ImportModuleError'],
    ["throw new RangeError('at the top')", 'RangeError'],
    ['export const handler = (event, context, callback) => callback()', 'Runtime.CallbackHandlerDeprecated'],
  ])('tells why %j cannot start', async (source, errorType) => {
    const fn = await local.createFunction({ code: { file: await moduleFile(source) } })
    await expect(fn.invoke(null)).rejects.toMatchObject({ errorType })
  })

  it('refuses settings that AWS refuses', async () => {
    await expect(functionOf(local, '', { timeoutSeconds: 901 })).rejects.toThrow(
      'from 1 to 900 seconds; got 901',
    )
    await expect(functionOf(local, '', { memoryMb: 64 })).rejects.toThrow('from 128 to 10240 MB; got 64')
    await expect(functionOf(local, '', { name: 'a b' })).rejects.toThrow('the name of a function')
    await expect(local.createFunction({ code: { file: 'a.js' } })).rejects.toThrow('an .mjs file')
    await expect(local.createFunction({ code: { file: '/no.mjs' } })).rejects.toThrow(
      'does not exist: /no.mjs',
    )
  })
})

describe('life cycle', () => {
  it('finishes on the old code what began on it, and starts the rest on the new', async () => {
    const fn = await local.createFunction({ code: { file: await version(1) } })
    expect(await Promise.all([fn.invoke(50), fn.invoke(50)])).toEqual([1, 1])
    const old = fn.invoke(300)
    await fn.replaceCode(await version(2))
    expect(await fn.invoke(0)).toBe(2)
    expect(await old).toBe(1)
    expect(await fn.invoke(0)).toBe(2)
    expect(fn.stats.coldStarts).toBe(3)
  })

  it('kills busy environments as a failing host would, and goes on', async () => {
    const fn = await functionOf(local, 'await new Promise((resolve) => setTimeout(resolve, event)); return 1')
    await fn.invoke(0)
    const lost = fn.invoke(9_000)
    await sleep(20)
    expect(fn.kill()).toBe(1)
    await expect(lost).rejects.toMatchObject({ errorType: 'Runtime.ExitError' })
    expect(await fn.invoke(0)).toBe(1)
  })

  it('stops, idle or busy', async () => {
    const fn = await functionOf(
      local,
      'console.log(process.pid); await new Promise((r) => setTimeout(r, event))',
    )
    await fn.invoke(0)
    const lost = fn.invoke(9_000)
    await Promise.all([fn.stop(), fn.stop(), expect(lost).rejects.toThrow('signal: killed')])
    expect(fn.logs.map(Number).filter(lives)).toEqual([])
    await expect(fn.invoke(0)).rejects.toThrow('was stopped')
  })
})

describe('bundleHandler', () => {
  it('bundles TypeScript and CommonJS into one file that runs', async () => {
    const common = await moduleFile("exports.eol = require('node:os').EOL", 'cjs')
    const entry = await moduleFile(
      `import { eol } from '${common}'
      export const handler = async (event: string): Promise<string> => event + eol`,
      'ts',
    )
    const outfile = await moduleFile('')
    const { file, bytes, metafile } = await bundleHandler({ entry, outfile })
    expect(file).toBe(outfile)
    expect(bytes).toBeGreaterThan(200)
    expect(Object.keys(metafile.inputs).some((name) => name.endsWith('.cjs'))).toBe(true)
    const fn = await local.createFunction({ code: { file } })
    expect(await fn.invoke('x')).toBe('x\n')
    expect(bundlingOptions).toMatchObject({
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: true,
    })
  })

  it('refuses an outfile that is no module, and passes on what does not build', async () => {
    await expect(bundleHandler({ entry: 'a.ts', outfile: 'a.js' })).rejects.toThrow('must end in .mjs, ')
    await expect(bundleHandler({ entry: '/no/such.ts' })).rejects.toThrow('Could not resolve "/no/such.ts"')
  })
})
