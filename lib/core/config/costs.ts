import type { Prices } from '../common/prices.ts'

/** How a process counts what its runs use. */
export interface Costs {
  readonly prices: Prices
  /** Of the function that this runs in, in MB. @default - none: its time costs nothing by itself */
  readonly memoryMb?: number
  /** Events on the bus at the end of a run, which no commit comes after. */
  readonly eventsAtEnd: number
}
