import { describe, expect, it } from 'vitest'
import { beginningInBytes, beginningOf, printable } from '../../../lib/core/common/texts.ts'

/** What SQS says it takes, by code point. */
const isTaken = (point: number) =>
  [0x9, 0xa, 0xd].includes(point) ||
  (point >= 0x20 && point <= 0xd7ff) ||
  (point >= 0xe000 && point <= 0xfffd) ||
  point >= 0x10000

describe('a text that is made fit for SQS', () => {
  it('has U+FFFD for each character that SQS refuses, and keeps all others', () => {
    const wrong: string[] = []
    for (let point = 0; point < 0x11000; point++) {
      const text = `a${String.fromCodePoint(point)}z`
      if (printable(text) !== (isTaken(point) ? text : 'a\u{fffd}z')) wrong.push(point.toString(16))
    }
    expect(wrong).toEqual([])
    expect(printable('🚀 \u{10ffff}')).toBe('🚀 \u{10ffff}')
  })

  it('that begins with half a character, or ends with it', () => {
    expect(printable('\ude80 Sales \ud83d')).toBe('\u{fffd} Sales \u{fffd}')
  })
})

describe('the beginning of a text', () => {
  const rocket = 'Sales 🚀🚀'

  it('is never cut inside a character', () => {
    const lengths = Array.from({ length: rocket.length + 2 }, (_, length) => beginningOf(rocket, length))

    expect(lengths.slice(5)).toEqual(['Sales', 'Sales ', 'Sales ', 'Sales 🚀', 'Sales 🚀', rocket, rocket])
    expect(lengths[0]).toBe('')
  })

  it('in bytes neither', () => {
    const text = 'aé€🚀'
    const sizes = Array.from({ length: 13 }, (_, bytes) => beginningInBytes(text, bytes))

    expect(sizes).toEqual(['', 'a', 'a', 'aé', 'aé', 'aé', 'aé€', 'aé€', 'aé€', 'aé€', text, text, text])
    expect(beginningInBytes(text, -1)).toBe('')
  })
})
