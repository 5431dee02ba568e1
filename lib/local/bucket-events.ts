// What buckets tell EventBridge: of each object that is made. No HTTP here.

import { randomUUID } from 'node:crypto'
import type { EventBuses } from './event-buses.ts'
import type { InFlight } from './in-flight.ts'
import type { Stoppable } from './stopping.ts'

/** An object that was made, as its request says it. */
export interface MadeObject {
  readonly bucket: string
  readonly key: string
  /** The API's name of the operation that made it, which AWS gives as the reason. */
  readonly operation: string
}

/** What the bucket says of the object when it is there. */
export type LookAtObject = (
  object: Pick<MadeObject, 'bucket' | 'key'>,
) => Promise<{ readonly size: number; readonly etag: string } | undefined>

/** The operations that make an object, of those that the SDK has. */
const MAKES = new Set(['PutObject', 'CopyObject', 'CompleteMultipartUpload'])

/**
 * Puts "Object Created" on the default bus for the objects of some buckets, with the fields that AWS documents:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export class BucketEvents {
  readonly #buses: EventBuses
  readonly #inFlight: InFlight
  readonly #buckets = new Map<string, number>()
  #sequence = 0

  constructor(buses: EventBuses, inFlight: InFlight) {
    this.#buses = buses
    this.#inFlight = inFlight
  }

  /** From now on the bucket tells of its objects, until it is stopped. */
  add(bucket: string): Stoppable {
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
    return {
      stop: async () => {
        const left = (this.#buckets.get(bucket) ?? 0) - 1
        if (left > 0) this.#buckets.set(bucket, left)
        else this.#buckets.delete(bucket)
      },
    }
  }

  /** Called after an operation succeeded, whichever it was. */
  done(object: MadeObject, look: LookAtObject): void {
    if (MAKES.has(object.operation) && this.#buckets.has(object.bucket)) {
      this.#inFlight.add(this.#tell(object, look))
    }
  }

  async #tell({ bucket, key, operation }: MadeObject, look: LookAtObject): Promise<void> {
    const made = await look({ bucket, key }).catch(() => undefined)
    // Deleted meanwhile, it is told all the same.
    const { size, etag } = made ?? { size: 0, etag: '' }
    const sequencer = (++this.#sequence).toString(16).padStart(16, '0').toUpperCase()
    const detail = {
      version: '0',
      bucket: { name: bucket },
      object: { key, size, etag, sequencer },
      'request-id': randomUUID(),
      requester: '000000000000',
      'source-ip-address': '127.0.0.1',
      reason: operation,
    }
    this.#buses.put({
      Source: 'aws.s3',
      DetailType: 'Object Created',
      Detail: JSON.stringify(detail),
      Resources: [`arn:aws:s3:::${bucket}`],
    })
  }
}
