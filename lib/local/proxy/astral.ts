// Carries characters beyond U+FFFF (emoji) through fauxqs 1.x, whose check of message bodies refuses them.
// Pure. To be deleted when fauxqs 2.9 (which accepts them) runs on our oldest Node.

/** Starts an encoded body. Private-use characters that nobody sends, and if so, that body is encoded too. */
const MARK = '\uF8FF\uE801astral\uF8FF'
/** A surrogate half D800-DFFF travels as E000-E7FF. */
const SHIFT = 0x0800
/** Stands before a character that is itself from E000-E800. */
const ESCAPE = '\uE800'

/** The form in which a body passes; the same string if it needs none. Lone halves are left for SQS to refuse. */
export function encodeAstral(body: string): string {
  const needed = body.startsWith(MARK) || (/[\uD800-\uDFFF]/.test(body) && !/\p{Surrogate}/u.test(body))
  if (!needed) return body
  const encoded = body.replace(/[\uD800-\uE800]/g, (half) => {
    return half >= '\uE000' ? ESCAPE + half : String.fromCharCode(half.charCodeAt(0) + SHIFT)
  })
  return MARK + encoded
}

/** The body that {@link encodeAstral} was given. */
export function decodeAstral(body: string): string {
  if (!body.startsWith(MARK)) return body
  return body.slice(MARK.length).replace(/\uE800([\uE000-\uE800])|[\uE000-\uE7FF]/g, (half, escaped) => {
    return escaped ?? String.fromCharCode(half.charCodeAt(0) - SHIFT)
  })
}
