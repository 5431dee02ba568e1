// What a rule's target gets. The outcome of templates is what AWS's documentation and recordings of AWS show.
import { describe, expect, it } from 'vitest'
import { inputOf, type TargetInput } from '../../lib/local/event-bridge/input.ts'

const event = {
  version: '0',
  id: '1',
  'detail-type': 'Paid',
  source: 'shop',
  account: '000000000000',
  time: '2026-01-01T00:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail: { id: 'a-1', cents: 5, paid: true, lines: [{ sku: 'x' }, { sku: 'y' }], why: 'the "late" one' },
}
const delivery = { ruleName: 'r', ruleArn: 'arn:r', takenAt: new Date(Date.UTC(2026, 0, 2)) }
const made = (target: TargetInput) => inputOf(target)(event, delivery)

describe('without a template', () => {
  it('is the event', () => {
    expect(JSON.parse(made({}))).toEqual(event)
  })

  it('is what Input says', () => {
    expect(made({ Input: '{"a": 1}' })).toBe('{"a": 1}')
  })

  it.each([
    ['$', event],
    ['$.detail', event.detail],
    ['$.detail-type', 'Paid'],
    ['$.detail.cents', 5],
    ['$.detail.lines[1].sku', 'y'],
    ['$.detail.lines[*].sku', ['x', 'y']],
  ])('is what InputPath %s finds', (InputPath, expected) => {
    expect(JSON.parse(made({ InputPath }))).toEqual(expected)
  })

  it.each(['$.detail.nope', '$.detail.lines[2]', '$.source.length'])(
    'is an error where %s finds nothing',
    (InputPath) => {
      expect(() => made({ InputPath })).toThrow(`InputPath ${InputPath} finds nothing in the event`)
    },
  )
})

const InputPathsMap = {
  id: '$.detail.id',
  cents: '$.detail.cents',
  paid: '$.detail.paid',
  lines: '$.detail.lines',
  line: '$.detail.lines[0]',
  why: '$.detail.why',
  nope: '$.detail.nope',
}
const filled = (InputTemplate: string) => made({ InputTransformer: { InputPathsMap, InputTemplate } })

describe('a template', () => {
  it.each([
    ['a text', '"Run <id> of <id>, <cents>, <paid>"', '"Run a-1 of a-1, 5, true"'],
    ['a text with quotes', '"Run \\"<id>\\""', '"Run \\"a-1\\""'],
    ['objects in a text, without their quotes', '"<line> <lines>"', '"{sku:x} [{sku:x},{sku:y}]"'],
    ['what is not there, in a text', '"Why: <nope>."', '"Why: ."'],
    ['texts by line', '"<id>"\n"<cents>"', '"a-1"\n"5"'],
    ['an object', '{ "id": <id>, "n": <cents>, "line": <line> }', '{"id":"a-1","n":5,"line":{"sku":"x"}}'],
    [
      'an object with texts',
      '{"at": "runs/<id>", "id": "<id>", "n": "<cents>"}',
      '{"at":"runs/a-1","id":"a-1","n":"5"}',
    ],
    ['a list', '[<id>, "<id>", 9]', '["a-1","a-1",9]'],
    ['what is not there, in an object', '{"why": <nope>}', '{"why":""}'],
    ['a text with quotes in an object', '{"why": <why>}', '{"why":"the \\"late\\" one"}'],
    ['a value alone', '<lines>', '[{"sku":"x"},{"sku":"y"}]'],
    [
      'the rule',
      '"<aws.events.rule-name> <aws.events.rule-arn> <aws.events.event.ingestion-time>"',
      '"r arn:r 2026-01-02T00:00:00.000Z"',
    ],
  ])('of %s', (_, template, expected) => {
    expect(filled(template)).toBe(expected)
  })

  it('of the event', () => {
    const { detail: _, 'detail-type': detailType, ...others } = event
    expect(JSON.parse(filled('{"all": <aws.events.event.json>, "outside": <aws.events.event>}'))).toEqual({
      all: event,
      outside: { ...others, detailType },
    })
  })

  it('escapes nothing in a text, as AWS does not', () => {
    expect(filled('"Failed: <why>"')).toBe('"Failed: the "late" one"')
    expect(() => filled('{"text": "<why>"}')).toThrow('what InputTemplate became must be JSON')
    expect(() => filled('{"text": "<lines>"}')).toThrow('what InputTemplate became must be JSON')
  })
})

describe('what AWS refuses', () => {
  it.each<[string, TargetInput, string]>([
    [
      'two inputs',
      { Input: '1', InputPath: '$' },
      'one of Input, InputPath and InputTransformer; got Input, InputPath',
    ],
    ['Input that is no JSON', { Input: 'hello' }, 'Input must be JSON'],
    ['a path that is none', { InputPath: 'detail' }, 'such as $.detail.items[0]; got detail'],
    ['brackets with a name', { InputPath: "$['detail']" }, 'a JSON path must be'],
    ['no template', { InputTransformer: {} }, 'InputTransformer needs an InputTemplate; got none'],
    [
      'an unknown placeholder',
      { InputTransformer: { InputPathsMap: { a: '$.id' }, InputTemplate: '"<a> <b> <c>"' } },
      'InputTemplate has placeholders that InputPathsMap has not: b, c',
    ],
  ])('%s', (_, target, message) => {
    expect(() => inputOf(target)).toThrow(message)
  })
})
