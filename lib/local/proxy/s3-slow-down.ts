/**
 * What a prefix of a bucket bears in a second.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html (November 2026): "at least 3,500 PUT/COPY/POST/DELETE or
 * 5,500 GET/HEAD requests per second per partitioned Amazon S3 prefix"; beyond it, while S3 scales, "HTTP 503 (Slow Down)". A prefix is here what stands
 * before the last slash of a key.
 */
import { Buckets } from './rate.ts'

/** Requests a second for each prefix. */
export interface PrefixLimits {
  /** @default - no limit */
  readonly reads?: number
  /** @default - no limit */
  readonly writes?: number
}

export class PrefixBuckets {
  readonly #limits: PrefixLimits
  readonly #buckets: Buckets

  /** @param now - in milliseconds */
  constructor(limits: PrefixLimits, now: () => number = Date.now) {
    this.#limits = limits
    this.#buckets = new Buckets(now)
  }

  /** Counts a request, unless it comes too soon. */
  isTooSoon(method: string, path: string): boolean {
    const kind = method === 'GET' || method === 'HEAD' ? 'reads' : 'writes'
    const perSecond = this.#limits[kind]
    if (perSecond === undefined) return false
    const [name = ''] = path.split('?', 1)
    const key = `${kind} ${name.slice(0, name.lastIndexOf('/'))}`
    if (this.#buckets.unitsOf(key, perSecond) < 1) return true
    this.#buckets.take(key, perSecond, 1)
    return false
  }
}
