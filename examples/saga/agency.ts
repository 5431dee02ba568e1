/** Stands in for the agencies that you book with: call them here. */
import type { Trip } from './flows.js'

export type Kind = 'flight' | 'hotel' | 'car'

/** Each call may come twice: agencies take a key for that, which is the trip's id here. */
export interface Agency {
  /** @returns the booking */
  book(kind: Kind, trip: Trip): Promise<string>
  cancel(booking: string): Promise<void>
  /** @returns the receipt */
  pay(tripId: string): Promise<string>
  tell(text: string): Promise<void>
}

/** There is no car in Venice. */
export const agency: Agency = {
  async book(kind, { tripId, city }) {
    if (kind === 'car' && city === 'Venice') throw new Error('there is no car in Venice')
    return `${kind}-${tripId}`
  },
  cancel: async (booking) => console.log(JSON.stringify({ cancelled: booking })),
  pay: async (tripId) => `receipt-${tripId}`,
  tell: async (text) => console.log(JSON.stringify({ mail: text })),
}
