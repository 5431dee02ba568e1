/** The package's `./testing` entry: what users test their flows with. */
export { MemoryRunStore } from '../adapter/store/memory-run-store.ts'
export { type MemoryMessage, MemoryQueue } from './memory-queue.ts'
export { TestService, type TestServiceOptions } from './test-service.ts'
