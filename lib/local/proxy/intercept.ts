// The hook by which tests decide what becomes of a request. Knows nothing of HTTP or of any service.

/** The services whose requests can be intercepted. */
export type ServiceName = 'sqs' | 'dynamodb' | 's3' | 'lambda' | 'eventbridge'

/** A request as an interceptor sees it. */
export interface InterceptedRequest {
  readonly service: ServiceName
  /** The API's name of the operation, such as `UpdateItem`. */
  readonly operation: string
  /** The parsed JSON body; `undefined` for S3. */
  readonly body: unknown
  /** 1 for the first request of this operation since the interceptor was set, 2 for the next. */
  readonly count: number
}

/**
 * What becomes of a request:
 * - `forward`: nothing special;
 * - `reject`: it is not applied, the answer is HTTP 500 InternalServerError;
 * - `lose`: it is applied, then the connection breaks before the answer;
 * - `drop`: it is not applied and the connection breaks;
 * - `{ delayMs }`: it is applied after so many milliseconds.
 *
 * The AWS SDK retries all failures (3 attempts by default), and each retry is a request of its own.
 */
export type Outcome = 'forward' | 'reject' | 'lose' | 'drop' | { readonly delayMs: number }

/** Decides what becomes of a request. If it throws, the request is rejected with the error's message. */
export type InterceptFunction = (request: InterceptedRequest) => Outcome | Promise<Outcome>

/** Holds the one interceptor of a local AWS and counts for it. */
export class Interception {
  #fn: InterceptFunction | undefined
  #counts = new Map<string, number>()

  /** Sets or removes the interceptor and starts counting anew. */
  set(fn: InterceptFunction | undefined): void {
    this.#fn = fn
    this.#counts = new Map()
  }

  /** The outcome for a request; `body` is called only when somebody looks. */
  async decide(service: ServiceName, operation: string, body: () => unknown): Promise<Outcome> {
    if (!this.#fn) return 'forward'
    const key = `${service}:${operation}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return this.#fn({ service, operation, body: body(), count })
  }
}
