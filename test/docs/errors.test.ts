import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { errorCodes, FlowcraftAwsError } from '../../lib/index.ts'

it('docs/errors.md has a heading for each code, and no other', async () => {
  const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(errorCodes)
})

it('an error names its paragraph, whether to try again, and only what it is about', () => {
  const error = new FlowcraftAwsError('RUN_TIMEOUT', 'late', { runId: 'r', cause: new Error('why') })
  expect(error.docs).toMatch(/docs\/errors\.md#run_timeout$/)
  expect(error).toMatchObject({ retryable: true, runId: 'r' })
  expect(Object.keys(error)).not.toContain('nodeId')
  expect(new FlowcraftAwsError('INVALID_INPUT', 'no').retryable).toBe(false)
})
