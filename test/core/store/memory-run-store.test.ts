import { describe } from 'vitest'
import { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'
import { runStoreContract } from './run-store.contract.ts'

describe('MemoryRunStore', () => {
  runStoreContract(() => new MemoryRunStore())
})
