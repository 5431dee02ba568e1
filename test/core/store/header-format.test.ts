/** Names, texts and entries of a header: short since version 2, and what they say is the same. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatInlineValue, names } from '../../../lib/core/protocol/inline-value.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  type Wait,
} from '../../../lib/core/protocol/run-state.ts'
import { type Item, headerSize, packHeader, unpackHeader } from '../../../lib/core/store/header.ts'
import { formatOf } from '../../../lib/core/store/header-format.ts'
import { newRun } from './contract/support.ts'

const [short, long] = [formatOf({}), formatOf({ format: 1 })]
const number = fc.nat(5_000)
const iteration = fc.integer({ min: 1, max: 2_000 })
const key: fc.Arbitrary<ActivationKey> = fc
  .tuple(number, iteration)
  .map(([node, n]) => activationKey(node, n))
const time = fc.integer({ min: 0, max: 8.64e15 })
const wait: fc.Arbitrary<Wait> = fc.oneof(
  fc.constant<Wait>({ kind: 'event' }),
  time.map((at): Wait => ({ kind: 'event', at })),
  time.map((at): Wait => ({ kind: 'timer', at })),
  time.map((at): Wait => ({ kind: 'timer', at, awaited: true })),
  fc.tuple(time, number).map(([at, tries]): Wait => ({ kind: 'retry', at, tries })),
  number.map((tries): Wait => ({ kind: 'child', tries })),
  fc.tuple(number, number).map(([tries, told]): Wait => ({ kind: 'child', tries, told })),
  number.map((round): Wait => ({ kind: 'items', round })),
)
const entry: fc.Arbitrary<ActiveEntry> = fc.record(
  {
    scheduledBy: fc.oneof(key, fc.constant('' as const)),
    inline: fc.boolean(),
    source: number,
    suspensions: iteration,
    wait,
  },
  { requiredKeys: ['scheduledBy', 'inline'] },
)
const name = fc.oneof(
  number.map(names.output),
  fc.tuple(number, number).map(([a, b]) => names.input(a, b)),
  fc.tuple(number, number).map(([a, b]) => names.kept(a, b)),
  key.map((one) => names.error(one)),
  fc.tuple(key, number).map(([one, at]) => names.error(one, at)),
  key.map(names.failedAt),
  number.map(names.source),
  number.map(names.batch),
  key.map(names.child),
  key.map(names.bundle),
  fc.constantFrom('m', 'mr1', 'mr27', 'o', 'o01', 'o1.2', 'i4', 'x3', 'x3.1-', '=o1', '', 'zebra', 'om1'),
  fc.string().map(names.user),
  fc.string(),
)
const text = fc.oneof(
  fc
    .tuple(
      fc.oneof(key, fc.constant('' as const)),
      fc.constantFrom('=' as const, '@' as const, 'u' as const, '-' as const, '&' as const),
      fc.oneof(
        fc.string(),
        fc.json().map((value) => `{"v":${value}}`),
        fc.constantFrom('{"v":}', '{"v":', '{"v":1}}', '1.0', '1.0~', '\n', '_', ':'),
      ),
    )
    .map(([writer, kind, body]) => formatInlineValue({ writer, kind, body })),
  fc.string(),
)

describe('the short form of a header', () => {
  it('says of any name and text the same', () => {
    fc.assert(
      fc.property(name, text, (one, value) => {
        expect(short.unpackName(short.packName(one))).toBe(one)
        expect(short.unpackText(one, short.packText(one, value))).toBe(value)
      }),
      { numRuns: 3_000 },
    )
  })

  it('has another name for each', () => {
    fc.assert(
      fc.property(name, name, (one, other) => one === other || short.packName(one) !== short.packName(other)),
      { numRuns: 3_000 },
    )
  })

  it.each([short, long])('says of any activation and entry the same', (format) => {
    fc.assert(
      fc.property(key, entry, (one, active) => {
        expect(format.unpackKey(format.packKey(one))).toBe(one)
        expect(format.unpackEntry(format.packEntry(active))).toEqual(active)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is short', () => {
    const texts = [
      ['o17', '17.1={"v":"ok"}', 'oh', ':"ok"'],
      ['o17', '17.3={"v":"ok"}', 'oh', 'h.3:"ok"'],
      ['o17', '={"v":"ok"}', 'oh', '_:"ok"'],
      ['i20.17', '17.1=plain', 'ik.h', '=plain'],
      ['x17.3', '17.3@1.0', 'xh.3', '@1.0'],
      ['x17.1-40', '17.1u', 'xh-14', '?'],
      [':key', '17.1-', ':key', 'h-'],
      [':key', '={"v":1}', ':key', ':1'],
      ['m', '&12 4 1', '=m', '&12 4 1'],
    ] as const
    for (const [one, value, shortName, shortText] of texts) {
      expect([short.packName(one), short.packText(one, value)]).toEqual([shortName, shortText])
    }
    expect(short.packKey('500.1')).toBe('dw')
    expect(short.packEntry({ scheduledBy: '0.1', inline: false })).toBe('0')
    const waiting = {
      scheduledBy: '3.1',
      inline: true,
      source: 7,
      suspensions: 2,
      wait: { kind: 'event' },
    } as const
    expect([short.packEntry(waiting), long.packEntry(waiting)]).toEqual(['3!<7~2:e', '3.1!<7~2e'])
  })

  it('is left alone by workers that do not know it: what is active is no entry to them', () => {
    const header = packHeader(newRun())
    // As versions before this one read it.
    const asBefore = { ...header, A: undefined } as Item
    const entries = Object.values(Object.entries(asBefore['a'] as string))
    expect(() => entries.map(([, one]) => long.unpackEntry(one))).toThrow(/no active entry/)
    const unbegun = packHeader({ ...newRun(), graph: undefined, active: new Map() })
    expect([header['a'], unbegun['a']]).toEqual(['v3', 'v3'])
  })

  it('and the long form of a run that an older version began are each read as they were written', () => {
    const inlineValues = new Map([
      ['o17', '17.1={"v":"ok"}'],
      [':key', '17.1-'],
    ])
    const run = newRun({ inlineValues, active: new Map([['17.2', { scheduledBy: '3.1', inline: true }]]) })
    for (const format of [{}, { format: 1 as const }, { format: 2 as const }]) {
      const item = packHeader({ ...run, ...format })
      const read = unpackHeader(run.runId, item)
      expect(read).toMatchObject({ ...run, ...format })
      expect('format' in read).toBe('format' in format)
      expect(headerSize(read)).toBeLessThan(400)
    }
    expect(packHeader({ ...run, format: 1 })).toMatchObject({
      a: { '17.2': '3.1!' },
      r: { o17: '17.1={"v":"ok"}', ':key': '17.1-' },
    })
    expect(packHeader({ ...run, format: 2 })).toEqual({ ...packHeader(run), a: 'v2' })
    expect(packHeader(run)).toMatchObject({ a: 'v3', A: { 'h.2': '3!' }, r: { oh: ':"ok"', ':key': 'h-' } })
  })
})
