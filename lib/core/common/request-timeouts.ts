/** Time limits of requests, for the SDK clients that are made here. */

/** Milliseconds. By itself the SDK waits for ever: a connection that died without a word would cost an invocation. */
export function answersWithin(requestTimeout: number) {
  return { connectionTimeout: 3_000, requestTimeout, throwOnRequestTimeout: true }
}
