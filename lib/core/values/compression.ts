/** Texts as they are stored: compressed where that pays. */
import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib'
import { FlowcraftAwsError, messageOf } from '../common/errors.ts'
import { COMPRESS_FROM_BYTES, VALUE_TEXT_BYTES } from '../common/size-limits.ts'
import type { StoredValue } from '../store/run-store.ts'

const deflateLarge = promisify(deflateRaw)
const inflateLarge = promisify(inflateRaw)
/** Fewer bytes take less time here than on the way to another thread and back. */
const AT_ONCE_BYTES = 4_096

export async function deflate(text: string): Promise<Buffer> {
  return text.length <= AT_ONCE_BYTES ? deflateRawSync(text) : deflateLarge(text)
}

async function inflate(bytes: Uint8Array): Promise<Buffer> {
  const bound = { maxOutputLength: VALUE_TEXT_BYTES }
  return bytes.byteLength <= AT_ONCE_BYTES ? inflateRawSync(bytes, bound) : inflateLarge(bytes, bound)
}

/** A text as it is stored: compressed where that saves at least a tenth. */
export async function compress(text: string): Promise<StoredValue> {
  const plain = Buffer.byteLength(text)
  if (plain < COMPRESS_FROM_BYTES) return { text }
  if (plain > VALUE_TEXT_BYTES)
    throw notSerializable('a value', `its text has ${plain} bytes; at most ${VALUE_TEXT_BYTES}`)
  const bytes = await deflate(text)
  return bytes.byteLength < plain * 0.9 ? { bytes } : { text }
}

/**
 * The text that `compress` was given.
 * @throws FlowcraftAwsError VALUE_LOST where the bytes are no such text, or make more than any text has
 */
export async function expand(value: StoredValue): Promise<string> {
  if (value.text !== undefined) return value.text
  try {
    return (await inflate(value.bytes ?? Buffer.alloc(0))).toString('utf8')
  } catch (cause) {
    const why = `its bytes cannot be inflated: ${messageOf(cause)}`
    throw new FlowcraftAwsError('VALUE_LOST', `a stored value is lost: ${why}`, { cause })
  }
}

export function notSerializable(what: string, why: string, cause?: unknown): FlowcraftAwsError {
  return new FlowcraftAwsError('VALUE_NOT_SERIALIZABLE', `the serializer cannot carry ${what}: ${why}`, {
    cause,
  })
}
