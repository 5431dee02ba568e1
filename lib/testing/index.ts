/** The package's `./testing` entry: what users test their flows with. */
export type { FinalResult } from '../core/run/final-result.ts'
export { MemoryRunStore } from '../core/store/memory-run-store.ts'
export { inAnyOrder, type Orders, type OrdersOptions } from './any-order.ts'
export { MemoryDeadLetters } from './memory-dead-letters.ts'
export { type MemoryMessage, MemoryQueue } from './memory-queue.ts'
export { type PostOptions, TestService, type TestServiceOptions } from './test-service.ts'
