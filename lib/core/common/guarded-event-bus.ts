/** Events to the user's bus. A bus that fails is the bus's trouble: it is logged and fails no node and no run. */
import type { IEventBus, ILogger } from 'flowcraft'
import { messageOf } from './errors.ts'

export function guardedBus(bus: IEventBus, logger: ILogger | undefined): IEventBus {
  return {
    async emit(event) {
      try {
        await bus.emit(event)
      } catch (error) {
        const warn = logger ? logger.warn.bind(logger) : console.warn
        warn('the event bus failed', { event: event.type, reason: messageOf(error) })
      }
    },
  }
}
