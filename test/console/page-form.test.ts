/** The form that the console's page makes of a schema, and what it reads from it. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Draft, draftOf, initialDraft, type ObjectDraft } from '../../console/src/schema-form/draft.ts'
import { type FieldSpec, formOf } from '../../console/src/schema-form/schema.ts'
import { valueOf } from '../../console/src/schema-form/value.ts'
import { initialEditor, readEditor, toForm, toJson } from '../../console/src/screens/start/input-editor.ts'
import { NO_OPTIONS, parseDelay, readOptions } from '../../console/src/screens/start/request.ts'
import type { Json } from '../../lib/console/json.ts'

const Order = z.object({
  orderId: z.string().min(3).describe('As on the invoice.'),
  amount: z.number().positive().max(1000),
  pieces: z.int().min(1).default(1),
  channel: z.enum(['web', 'shop']).optional(),
  version: z.literal(2),
  isGift: z.boolean(),
  note: z.string().nullable(),
  address: z.object({ city: z.string().min(1), zip: z.string().regex(/^\d{5}$/) }).optional(),
  items: z.array(z.object({ sku: z.string() })).min(1),
  extra: z.record(z.string(), z.number()).optional(),
})
const schema = z.toJSONSchema(Order, { io: 'input' }) as Json
const form = formOf(schema)

const fieldsOf = (field: FieldSpec) => {
  if (field.kind !== 'object') throw new Error(`no object but ${field.kind}`)
  return Object.fromEntries(field.properties.map((property) => [property.name, property]))
}
/** The form, filled in. */
function filled(to: Readonly<Record<string, Draft>>): Draft {
  const draft = initialDraft(form, true) as ObjectDraft
  return { ...draft, properties: { ...draft.properties, ...to } }
}
const text = (text: string): Draft => ({ kind: 'text', text })
const read = (draft: Draft) => valueOf(form, draft, { isRequired: true })

describe('a form of a schema', () => {
  it('has a field for each property, as zod writes them', () => {
    const fields = fieldsOf(form)
    expect(
      Object.values(fields).map(({ name, field, isRequired }) => [name, field.kind, isRequired]),
    ).toEqual([
      ['orderId', 'string', true],
      ['amount', 'number', true],
      ['pieces', 'number', false],
      ['channel', 'choice', false],
      ['version', 'const', true],
      ['isGift', 'boolean', true],
      ['note', 'string', true],
      ['address', 'object', false],
      ['items', 'list', true],
      ['extra', 'json', false],
    ])
    expect(fields.orderId?.field.description).toBe('As on the invoice.')
    expect(fields.note?.field.isNullable).toBe(true)
  })

  it('follows references within the document, and stops where they come back', () => {
    const tree = {
      type: 'object',
      properties: { left: { $ref: '#/$defs/node' }, name: { $ref: '#/$defs/a~1b', title: 'Name' } },
      $defs: {
        node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } },
        'a/b': { type: 'string', title: 'Other' },
      },
    }
    const { left, name } = fieldsOf(formOf(tree))
    expect(fieldsOf(left?.field as FieldSpec).next?.field.kind).toBe('json')
    expect(name?.field).toMatchObject({ kind: 'string', title: 'Name' })
  })

  it.each([
    [{ type: ['string', 'null'] }, { kind: 'string', isNullable: true }],
    [{ type: ['string', 'number'] }, { kind: 'json' }],
    [
      { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      { kind: 'number', isInteger: true, isNullable: true },
    ],
    [{ oneOf: [{ const: 'a' }, { const: 'b' }] }, { kind: 'choice', options: ['a', 'b'] }],
    [{ oneOf: [{ type: 'object' }, { type: 'string' }] }, { kind: 'json' }],
    [{ enum: ['a', null] }, { kind: 'choice', options: ['a'], isNullable: true }],
    [
      { allOf: [{ type: 'string' }], description: 'd' },
      { kind: 'string', description: 'd' },
    ],
    [{ type: 'string', allOf: [{ minLength: 2 }, { pattern: 'a' }] }, { kind: 'json' }],
    [{ type: 'array', prefixItems: [], items: { type: 'string' } }, { kind: 'json' }],
    [{ $ref: 'https://example.org/other.json' }, { kind: 'json' }],
    [true, { kind: 'json' }],
    [undefined, { kind: 'json' }],
  ])('of %j', (schema, field) => {
    expect(formOf(schema as Json | undefined)).toMatchObject(field)
  })
})

describe('what is filled in', () => {
  const right = {
    orderId: text('A-17'),
    amount: text('12.5'),
    note: text(''),
    items: { kind: 'list', isGiven: true, items: [itemOf('x')] } as Draft,
  }

  function itemOf(sku: string): Draft {
    return { kind: 'object', isGiven: true, properties: { sku: text(sku) } }
  }

  it('is an input that its schema takes', () => {
    const { value, errors } = read(filled(right))
    expect([...errors]).toEqual([])
    expect(value).toEqual({
      orderId: 'A-17',
      amount: 12.5,
      pieces: 1,
      version: 2,
      isGift: false,
      note: null,
      items: [{ sku: 'x' }],
    })
    expect(Order.safeParse(value).success).toBe(true)
  })

  it('says at each field what is wrong', () => {
    const { errors } = read(
      filled({
        ...right,
        orderId: text('A'),
        amount: text('0'),
        pieces: text('1.5'),
        address: { kind: 'object', isGiven: true, properties: { city: text(''), zip: text('12') } },
        items: { kind: 'list', isGiven: true, items: [] },
        extra: text('{'),
      }),
    )
    expect(Object.fromEntries(errors)).toEqual({
      '/orderId': 'needs 3 characters or more',
      '/amount': 'must be more than 0',
      '/pieces': 'must be a whole number',
      '/address/city': 'is needed',
      '/address/zip': 'must match ^\\d{5}$',
      '/items': 'needs 1 or more',
      '/extra': expect.stringContaining('is no JSON'),
    })
    expect(read(filled({ ...right, amount: text('1000.5') })).errors.get('/amount')).toBe(
      'must be 1000 or less',
    )
    expect(read(filled({ ...right, amount: text('1e999') })).errors.get('/amount')).toBe('must be a number')
    expect(read(filled({ ...right, amount: text('') })).errors.get('/amount')).toBe('is needed')
  })

  it('leaves out what may be left out', () => {
    const { value } = read(filled({ ...right, pieces: text(''), channel: { kind: 'choice', index: -1 } }))
    expect(value).not.toHaveProperty('pieces')
    expect(value).not.toHaveProperty('channel')
    expect(value).not.toHaveProperty('address')
  })
})

describe('any input of the schema', () => {
  const inputs = fc.record(
    {
      orderId: fc.string({ minLength: 3 }),
      amount: fc.double({ min: 0.01, max: 1000, noNaN: true }),
      pieces: fc.integer({ min: 1 }),
      channel: fc.constantFrom('web', 'shop'),
      version: fc.constant(2),
      isGift: fc.boolean(),
      note: fc.option(fc.string({ minLength: 1 })),
      address: fc.record({ city: fc.string({ minLength: 1 }), zip: fc.stringMatching(/^\d{5}$/) }),
      items: fc.array(fc.record({ sku: fc.string() }), { minLength: 1, maxLength: 4 }),
      extra: fc.dictionary(fc.string(), fc.integer()),
    },
    { requiredKeys: ['orderId', 'amount', 'version', 'isGift', 'note', 'items'] },
  )

  it('stands in the form, and is read from it as it was', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const draft = draftOf(form, input as Json)
        expect(draft).toBeDefined()
        const { value, errors } = read(draft as Draft)
        expect([...errors]).toEqual([])
        expect(value).toEqual(JSON.parse(JSON.stringify(input)))
      }),
      { numRuns: 200, seed: 20 },
    )
  })
})

describe('an input as JSON', () => {
  it('is turned into the form and back', () => {
    const editor = initialEditor(form)
    expect(editor.mode).toBe('form')
    const json = toJson(form, editor)
    expect(json).toMatchObject({ mode: 'json', text: expect.stringContaining('"version": 2') })
    const again = toForm(form, { mode: 'json', text: '{"orderId":"A-1","version":2,"items":[{"sku":"y"}]}' })
    expect(readEditor(form, again).value).toEqual({
      orderId: 'A-1',
      version: 2,
      note: null,
      items: [{ sku: 'y' }],
    })
  })

  it('stays JSON where the form has no place for it', () => {
    for (const text of ['{"unknown":1}', '{"orderId":5}', '[]', 'null', '{'])
      expect(toForm(form, { mode: 'json', text })).toMatchObject({
        mode: 'json',
        text,
        note: expect.any(String),
      })
    expect(toForm(form, { mode: 'json', text: ' ' })).toEqual(initialEditor(form))
  })

  it('is all there is without a schema', () => {
    const none = formOf(undefined)
    expect(initialEditor(none)).toEqual({ mode: 'json', text: '{}' })
    expect(readEditor(none, { mode: 'json', text: '{"a":1}' })).toEqual({
      value: { a: 1 },
      errors: new Map(),
    })
    expect(readEditor(none, { mode: 'json', text: '' }).value).toBeUndefined()
    expect(readEditor(none, { mode: 'json', text: '{' }).errors.get('')).toContain('is no JSON')
  })
})

describe('what is given beside the input', () => {
  it('is left out where nothing is typed', () => {
    expect(readOptions(NO_OPTIONS)).toEqual({ request: {}, errors: {} })
  })

  it('is read', () => {
    const options = { runId: ' r1 ', labels: 'tenant=acme\n\n url = a=b', delay: '1h 30m', maxUsd: '$0.5' }
    expect(readOptions(options)).toEqual({
      request: { runId: 'r1', labels: { tenant: 'acme', url: 'a=b' }, delayMs: 5_400_000, maxUsd: 0.5 },
      errors: {},
    })
  })

  it('says what it cannot read', () => {
    const { errors } = readOptions({ runId: '', labels: 'a=b\nacme', delay: 'soon', maxUsd: 'much' })
    expect(errors).toEqual({
      labels: "each must be name=value; got 'acme'",
      delay: expect.any(String),
      maxUsd: 'must be a number',
    })
  })

  it.each([
    ['90s', 90_000],
    ['250 ms', 250],
    ['1.5h', 5_400_000],
    ['1d12h', 129_600_000],
    ['5', undefined],
    ['5m later', undefined],
    ['-5m', undefined],
  ])('has a delay %s of %s ms', (text, ms) => {
    expect(parseDelay(text)).toBe(ms)
  })
})
