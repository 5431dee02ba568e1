/** JSON that others sent. What is nested too deep is refused here, where it can still be said who sent it. */
import { FlowcraftAwsError } from './errors.ts'

/**
 * `JSON.parse` takes any depth, but `JSON.stringify` and serializers use a stack frame or several for each level: some
 * thousands of them are a RangeError.
 */
const DEPTH_AT_MOST = 1_000

/** @throws SyntaxError where it is no JSON; FlowcraftAwsError INVALID_INPUT where it is nested too deep */
export function parseJson(text: string): unknown {
  if (depthOf(text) > DEPTH_AT_MOST) {
    throw new FlowcraftAwsError('INVALID_INPUT', `the JSON is nested deeper than ${DEPTH_AT_MOST} levels`)
  }
  return JSON.parse(text)
}

/** The deepest nesting of arrays and objects, of what is JSON. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isQuoted) {
      if (character === '\\') at++
      else if (character === '"') isQuoted = false
    } else if (character === '"') isQuoted = true
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}
