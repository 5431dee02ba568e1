/** A store that is not of this package, as a test gives one to play trouble: whatever it throws is the store's. */
import { isFlowcraftAwsError, requestFailed } from '../common/errors.ts'
import type { RunStore } from './run-store.ts'

export function ownStore(store: RunStore): RunStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return await (method as (...given: unknown[]) => unknown).apply(target, args)
        } catch (error) {
          throw isFlowcraftAwsError(error) ? error : requestFailed(`${String(name)} of the store`, error)
        }
      }
    },
  })
}
