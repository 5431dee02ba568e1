// What needs no server: the encoding of emoji, item sizes, the splitting of events.

import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { expect, it } from 'vitest'
import { importOptional } from '../../lib/local/engine/optional.ts'
import { failedRecords, splitBySize, toRecord } from '../../lib/local/event-source/records.ts'
import { itemBytes, writeUnitsOf } from '../../lib/core/common/item-size.ts'
import { decodeAstral, encodeAstral } from '../../lib/local/proxy/astral.ts'

it('encodes every well-formed body into characters that fauxqs accepts, and back', () => {
  const special = constantFrom('\uF8FF\uE801astral\uF8FF', '\uE000', '\uE7FF', '\uE800', '😀', '\u{10FFFF}')
  const text = array(oneof(special, string({ unit: 'binary' }))).map((parts) => parts.join(''))
  assert(
    property(text, (body) => {
      const encoded = encodeAstral(body)
      expect(encoded).not.toMatch(/[\uD800-\uDFFF]/)
      expect(decodeAstral(encoded)).toBe(body)
    }),
    { examples: [['\uF8FF\uE801astral\uF8FF'], ['\uE800\uE000😀\uE800']] },
  )
})

it('leaves bodies alone that need nothing or that SQS has to refuse', () => {
  for (const body of ['', 'ä\uE000', 'lone \uD83D half', '😀\uDE00']) expect(encodeAstral(body)).toBe(body)
})

it('computes item sizes by the rules of AWS', () => {
  expect(itemBytes({ ab: { S: 'ä' } })).toBe(4)
  expect(itemBytes({ n: { N: '-12345' } })).toBe(1 + 3 + 1 + 1)
  expect(itemBytes({ b: { B: Buffer.alloc(10).toString('base64') } })).toBe(11)
  expect(itemBytes({ t: { BOOL: true }, z: { NULL: true } })).toBe(4)
  expect(itemBytes({ l: { L: [{ S: 'a' }, { S: 'b' }] } })).toBe(1 + 3 + 2 + 2)
  expect(itemBytes({ m: { M: { k: { S: 'v' } } } })).toBe(1 + 3 + 1 + 2)
  expect(itemBytes({ s: { SS: ['a', 'bc'] } })).toBe(4)
  expect([itemBytes(undefined), 1, 1024, 1025].map(writeUnitsOf)).toEqual([1, 1, 1, 2])
})

it('cuts batches into events of at most 6 MB and loses nothing', () => {
  const records = Array.from({ length: 10 }, (_, n) =>
    toRecord({ MessageId: String(n), Body: 'x'.repeat(1024 * 1024) }, 'arn:aws:sqs:eu-west-1:1:q'),
  )
  const parts = splitBySize(records)
  expect(parts.map((part) => part.length)).toEqual([5, 5])
  expect(parts.flat()).toEqual(records)
  for (const Records of parts)
    expect(Buffer.byteLength(JSON.stringify({ Records }))).toBeLessThan(6 * 1024 * 1024)
  expect(records[0]?.awsRegion).toBe('eu-west-1')
})

it('names exactly the records that an answer calls failed', () => {
  const records = ['a', 'b', 'c'].map((MessageId) => toRecord({ MessageId }, 'arn:aws:sqs:eu-west-1:1:q'))
  const answer = { batchItemFailures: [{ itemIdentifier: 'c' }, { itemIdentifier: 'a' }] }
  expect(failedRecords(records, answer).map(({ messageId }) => messageId)).toEqual(['a', 'c'])
})

it('tells what to install when an optional package is missing', async () => {
  const missing = importOptional('no-such-package', 'the local SQS and S3', 'no-such-package@^1')
  await expect(missing).rejects.toThrow(
    'the local SQS and S3 needs the package no-such-package, which is not installed. ' +
      'Run: npm install -D no-such-package@^1',
  )
})
