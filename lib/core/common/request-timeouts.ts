/** Time limits of requests, for the SDK clients that are made here. */

/** Milliseconds. The SDK has no request timeout by default: a dead connection would use up the whole invocation. */
export function requestTimeouts(requestTimeout: number) {
  return { connectionTimeout: 3_000, requestTimeout, throwOnRequestTimeout: true }
}
