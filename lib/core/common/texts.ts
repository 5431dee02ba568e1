/** Texts of others (messages, errors, ids) made fit for where they go. */

/**
 * What SQS takes in a body or an attribute: XML's characters. An unpaired half of a surrogate pair is none of them.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
const NOT_TAKEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

/** The text with each character that SQS would refuse replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replaceAll(NOT_TAKEN, '\u{FFFD}')
}

/** The beginning of a text, of at most so many UTF-16 units, never cut inside a character. */
export function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text
  const lastUnit = text.charCodeAt(length - 1)
  const splitsPair = lastUnit >= 0xd800 && lastUnit <= 0xdbff
  return text.slice(0, splitsPair ? length - 1 : length)
}

/** The beginning of a text, of at most so many bytes of UTF-8, never cut inside a character. */
export function beginningInBytes(text: string, bytes: number): string {
  const fitting = beginningOf(text, Math.max(0, bytes))
  if (Buffer.byteLength(fitting) <= bytes) return fitting
  const whole = Buffer.from(fitting)
  let end = Math.max(0, bytes)
  // Back to the first byte of a character.
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return whole.toString('utf8', 0, end)
}

const HALF_CHARACTER = /\p{Surrogate}/u

/** Whether every character of a text is whole: DynamoDB and SQS refuse half of one. */
export function isWellFormed(text: string): boolean {
  return !HALF_CHARACTER.test(text)
}
