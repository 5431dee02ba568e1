import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { type ISerializer, JsonSerializer } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { INLINE_VALUE_BYTES } from '../../../lib/core/common/size-limits.ts'
import type { StoredValue } from '../../../lib/core/store/run-store.ts'
import { compress, expand } from '../../../lib/core/values/compression.ts'
import { type BlobStore, ValueStore } from '../../../lib/core/values/value-store.ts'
import { tagged } from './serializers.ts'

const KB = 1024

/** Items and objects in memory, open to view. */
class Shelf implements BlobStore {
  readonly items = new Map<string, StoredValue>()
  readonly objects = new Map<string, Uint8Array>()
  async putValue(runId: string, key: string, value: StoredValue): Promise<void> {
    this.items.set(`${runId} ${key}`, value)
  }
  async getValue(runId: string, key: string): Promise<StoredValue | undefined> {
    return this.items.get(`${runId} ${key}`)
  }
  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(key, bytes)
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(key)
  }
}

function make({ bucket = false, serializer = new JsonSerializer() as ISerializer } = {}) {
  const shelf = new Shelf()
  const values = new ValueStore({ store: shelf, blobs: bucket ? shelf : undefined, serializer })
  return { shelf, values }
}

/** Text that hardly shrinks: three quarters at best. */
const random = (bytes: number) => randomBytes((bytes * 3) / 4).toString('base64')
const sizeOf = ({ bytes, text }: StoredValue = {}) => bytes?.byteLength ?? Buffer.byteLength(text ?? '')

afterEach(() => vi.restoreAllMocks())

const lost = (key: string, why: string) => ({
  code: 'VALUE_LOST',
  message: `value '${key}' of run 'run' is gone: ${why}`,
})

describe('a stored text', () => {
  const cases = [
    { what: '100 bytes', text: 'x'.repeat(100), items: 1, reference: '', stored: [100, 100] },
    { what: '300 bytes', text: 'x'.repeat(300), items: 1, reference: '', stored: [300, 300] },
    { what: '5 KB that shrink', text: 'word '.repeat(KB), items: 1, reference: '', stored: [1, 100] },
    { what: '5 KB that do not', text: random(5 * KB), items: 1, reference: '', stored: [3_800, 5 * KB] },
    {
      what: '380 KB that do not shrink by a tenth',
      text: 'é'.repeat(10) + random(300 * KB),
      items: 1,
      reference: '',
      stored: [220 * KB, 310 * KB],
    },
    {
      what: '4 MB that shrink',
      text: 'word '.repeat(800 * KB),
      items: 1,
      reference: '',
      stored: [1, 20 * KB],
    },
  ]
  for (const { what, text, items, reference, stored } of cases) {
    it(`of ${what} is one item`, async () => {
      const { shelf, values } = make({ bucket: true })

      const given = await values.write('run', '3.1#1.0', text)

      expect(given).toBe(reference)
      expect([shelf.items.size, shelf.objects.size]).toEqual([items, 0])
      const size = sizeOf(shelf.items.get('run 3.1#1.0'))
      expect(size).toBeGreaterThanOrEqual(stored[0] ?? 0)
      expect(size).toBeLessThanOrEqual(stored[1] ?? 0)
      expect((await values.read('run', '3.1#1.0', given)) === text).toBe(true)
    })
  }

  it('of 600 KB that do not shrink is an object where there is a bucket', async () => {
    const { shelf, values } = make({ bucket: true })
    const text = random(600 * KB)

    const reference = await values.write('run/7 a', '3.1#1.0', text)

    expect(reference).toBe('$')
    expect([...shelf.objects.keys()]).toEqual(['runs/run%2F7%20a/3.1%231.0'])
    expect(shelf.items.size).toBe(0)
    expect((await values.read('run/7 a', '3.1#1.0', reference)) === text).toBe(true)
  })

  it('of 600 KB that do not shrink is several items where there is none, each within 400 KB', async () => {
    const { shelf, values } = make()
    const text = random(600 * KB)

    const reference = await values.write('run', '3.1#1.0', text)

    expect(reference).toBe('*2')
    expect([...shelf.items.keys()]).toEqual(['run 3.1#1.0#0', 'run 3.1#1.0#1'])
    for (const item of shelf.items.values()) expect(sizeOf(item)).toBeLessThanOrEqual(390 * KB)
    expect((await values.read('run', '3.1#1.0', reference)) === text).toBe(true)
  })

  it('of one byte more than fits is several items, of the last that fits one', async () => {
    // Already compressed bytes grow when they are deflated, so the text is stored as it is, or deflated in parts.
    const { shelf, values } = make()
    const text = random(520 * KB)
    const packed = sizeOf(await compress(text))
    expect(packed).toBeGreaterThan(380 * KB)

    const reference = await values.write('run', 'k', text)

    expect(reference).toBe('*2')
    expect([...shelf.items.values()].map(sizeOf)).toEqual([380 * KB, packed - 380 * KB])
  })

  it('comes back from compression, whatever its characters', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', '\0', 'ß', '📦', '\u2028') }),
        fc.integer({ min: 1, max: 400 }),
        async (part, n) => {
          const text = part.repeat(n)
          expect((await expand(await compress(text))) === text).toBe(true)
        },
      ),
    )
  })

  it('that is gone says which, and where it was', async () => {
    const { shelf, values } = make()
    const parts = await values.write('run', 'large', random(600 * KB))
    shelf.items.delete('run large#1')
    const bucket = make({ bucket: true }).values

    await expect(values.read('run', 'a', '')).rejects.toMatchObject(lost('a', 'the table has no such item'))
    await expect(values.read('run', 'large', parts)).rejects.toMatchObject(
      lost('large#1', 'the table has no such item'),
    )
    // It may be there: whoever has the bucket's name can read it.
    await expect(values.read('run', 'a', '$')).rejects.toMatchObject({ code: 'REQUEST_FAILED' })
    await expect(bucket.read('run', 'a', '$')).rejects.toMatchObject(
      lost('a', 'the bucket has no such object'),
    )
  })
})

describe('the text of a value', () => {
  it('comes back as the value', () => {
    const { values } = make()
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // What JSON itself does to a value (-0) is JSON's.
        expect(values.decode(values.encode(value, 'a value'))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it("is the user's serializer's: a Date, a Map, a Set, undefined inside and NaN survive", () => {
    const { values } = make({ serializer: tagged })
    const value = {
      at: new Date(5),
      map: new Map<unknown, unknown>([[1, new Set(['a'])]]),
      none: undefined,
      nan: Number.NaN,
      big: 2n ** 70n,
    }

    expect(values.decode(values.encode(value, 'a value'))).toEqual(value)
    expect(values.decode(values.encode(new Date(5), 'a value'))).toEqual(new Date(5))
  })

  it('loses a Map by the JSON serializer, as in memory', () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const { values } = make()

    expect(values.decode(values.encode(new Map([[1, 2]]), 'a value'))).toEqual({})
  })

  it('may be wrapped by a serializer that extends the JSON one', () => {
    class Pretty extends JsonSerializer {
      override serialize(data: Record<string, unknown>): string {
        return JSON.stringify(data, null, 2)
      }
    }
    const { values } = make({ serializer: new Pretty() })

    expect(values.decode(values.encode({ a: [1] }, 'a value'))).toEqual({ a: [1] })
  })

  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const cases: [string, unknown, string | RegExp][] = [
    ['a function', () => 1, 'it is a function'],
    ['a symbol', Symbol('s'), 'it is a symbol'],
    ['a bigint', 1n, /BigInt/],
    ['a bigint inside', { a: [1n] }, /BigInt/],
    ['a cycle', cycle, /circular/],
  ]
  for (const [what, value, why] of cases) {
    it(`is none for ${what} by the JSON serializer: an error that says so`, () => {
      vi.spyOn(console, 'warn').mockReturnValue()
      const { values } = make()
      const encode = () => values.encode(value, "the output of node 'a'")

      expect(encode).toThrow(expect.objectContaining({ code: 'VALUE_NOT_SERIALIZABLE' }))
      expect(encode).toThrow("the serializer cannot carry the output of node 'a': ")
      expect(encode).toThrow(why)
    })
  }

  it('is none where the serializer throws, or gives no text', () => {
    const broken = { deserialize: () => ({}) }
    const throwing = make({ serializer: { ...broken, serialize: () => fail('no such class') } }).values
    const silent = make({ serializer: { ...broken, serialize: () => undefined as unknown as string } }).values

    expect(() => throwing.encode(1, 'x')).toThrow('the serializer cannot carry x: no such class')
    expect(() => silent.encode(1, 'x')).toThrow(
      'the serializer cannot carry x: the serializer gave undefined',
    )
  })

  it('is inline in a header of 1 KB up to 256 bytes', () => {
    expect(INLINE_VALUE_BYTES).toBe(256)
  })
})

function fail(message: string): never {
  throw new Error(message)
}

it('a text that several ask for side by side is read once, and again by whoever asks later', async () => {
  const { shelf, values } = make()
  await values.write('run', 'a', 'text')
  const get = vi.spyOn(shelf, 'getValue')
  expect(await Promise.all([1, 2, 3].map(() => values.read('run', 'a', '')))).toEqual([
    'text',
    'text',
    'text',
  ])
  expect(get).toHaveBeenCalledTimes(1)
  get.mockRejectedValueOnce(new Error('throttled'))
  const both = await Promise.allSettled([1, 2].map(() => values.read('run', 'a', '')))
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await values.read('run', 'a', '')).toBe('text')
})
