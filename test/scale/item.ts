/** The size of items as the SDK's client has them, which has bytes where the wire has base64. */
import { itemBytes } from '../../lib/core/common/item-size.ts'

export function bytesOf(item: Record<string, unknown>): number {
  const wire = JSON.stringify(item, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
  return itemBytes(JSON.parse(wire))
}
