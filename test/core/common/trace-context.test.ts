import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  currentTrace,
  formatTraceHeader,
  inTrace,
  parseTraceHeader,
} from '../../../lib/core/common/trace-context.ts'
import { currentTraceHeader, withTraceHeader } from '../../../lib/index.ts'

const traceId = '1-5759e988-bd862e3fe1be46a994272793'
const parentId = '53995c3f42cd8ad8'
const header = `Root=${traceId};Parent=${parentId};Sampled=1`

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('a trace header', () => {
  it.each([
    [header, { traceId, parentId, isSampled: true }],
    [`Root=${traceId};Sampled=0`, { traceId, isSampled: false }],
    [`Root=${traceId};Parent=${parentId};Sampled=?`, { traceId, parentId }],
    [`Root=${traceId}`, { traceId }],
    [`Sampled=1; parent=${parentId} ;Root=${traceId}`, { traceId, parentId, isSampled: true }],
    [
      `Self=1-67891234-12456789abcdef012345678;${header};Lineage=25:a87bd80c:0`,
      { traceId, parentId, isSampled: true },
    ],
    [`Root=${traceId};Parent=nobody;Sampled=yes`, { traceId }],
  ])('%s says where one is', (text, context) => {
    expect(parseTraceHeader(text)).toEqual(context)
  })

  it.each([
    undefined,
    null,
    42,
    '',
    '=',
    ';;;',
    'Root',
    'Root=',
    'Root=1-5759e988-bd862e3fe1be46a99427279',
    'Root=2-5759e988-bd862e3fe1be46a994272793',
    `Parent=${parentId};Sampled=1`,
    `Root=${traceId}\u0000`,
    `${header};${'x'.repeat(1_000)}`,
    '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01',
  ])('%s is none', (text) => {
    expect(parseTraceHeader(text)).toBeUndefined()
  })

  it.each([header, `Root=${traceId}`, `Root=${traceId};Sampled=0`, `Root=${traceId};Parent=${parentId}`])(
    '%s is written as it was read',
    (text) => {
      expect(formatTraceHeader(parseTraceHeader(text) ?? { traceId: '' })).toBe(text)
    },
  )
})

describe('the current trace', () => {
  it("is the invocation's, as Lambda says it", () => {
    expect(currentTraceHeader()).toBeUndefined()
    vi.stubEnv('_X_AMZN_TRACE_ID', `${header};Lineage=25:a87bd80c:0`)
    expect(currentTraceHeader()).toBe(header)
  })

  it('is that of one invocation among several, which the environment cannot tell', () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${traceId};Sampled=0`)
    vi.stubGlobal('awslambda', { InvokeStore: { getXRayTraceId: () => header } })
    expect(currentTraceHeader()).toBe(header)
  })

  it("is that of the work that asks, whatever the invocation's is, also later in it", async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${traceId};Sampled=0`)
    const seen = await withTraceHeader(header, async () => {
      await Promise.resolve()
      return currentTraceHeader()
    })
    expect(seen).toBe(header)
    expect(currentTraceHeader()).toBe(`Root=${traceId};Sampled=0`)
  })

  it('is none within a header that is none, or work that has none', () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', header)
    expect(withTraceHeader('nonsense', currentTraceHeader)).toBeUndefined()
    expect(inTrace({ context: undefined }, currentTrace)).toBeUndefined()
  })
})
