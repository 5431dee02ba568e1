/**
 * A trip: a flight, a hotel and a car are booked, then it is paid. When one step fails, what was booked is given back, the last
 * one first.
 *
 *     flight ──▶ hotel ──▶ car ──▶ pay
 *
 *     returnCar ──▶ returnHotel ──▶ returnFlight ──▶ tell
 *     (after all of it is over, whatever came of it)
 *
 * The compensations run always (`runs: 'always'`) and look whether anything failed: each has its tries, its place in the history,
 * and starts when nothing that it undoes can still happen. A booking and its return have the trip's id as their key, so that
 * doing either twice does no harm.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { type AlwaysInput, defineFlows, NonRetryableError } from 'flowcraft-aws'
import type { Agency, Kind } from './agency.js'

export interface Trip {
  tripId: string
  city: string
}
export interface Context extends Trip {
  /** What was given back. */
  returned: Kind[]
}
/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  agency: Agency
}
/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>

function book(kind: Kind) {
  return async ({ input, dependencies }: Call<Trip>) => ({
    output: await dependencies.agency.book(kind, input!),
  })
}

/** The customer pays for what is still booked: a run that was redriven after a compensation ends here, and is undone again. */
async function pay({ input: tripId, context, dependencies }: Call<string>) {
  const returned = (await context.get('returned')) ?? []
  if (returned.length > 0)
    throw new NonRetryableError(`${returned.join(' and ')} were given back: start a new run`)
  return { output: await dependencies.agency.pay(tripId!) }
}

/** Gives back what `kind` has booked, where the trip failed. `outputs` has only what was booked. */
function giveBack(kind: Kind) {
  return async ({ input, context, dependencies }: Call<AlwaysInput>) => {
    const { status, outputs } = input as AlwaysInput
    const booking = outputs[kind] as string | undefined
    if (status === 'completed' || booking === undefined) return { output: 'nothing' }
    await dependencies.agency.cancel(booking)
    await context.set('returned', [...new Set([...((await context.get('returned')) ?? []), kind])])
    return { output: booking }
  }
}

async function tell({ input, context, dependencies }: Call<AlwaysInput>) {
  const { status, errors } = input as AlwaysInput
  const tripId = await context.get('tripId')
  const why = errors.map(({ message }) => message).join(', ')
  await dependencies.agency.tell(
    status === 'failed' ? `no trip ${tripId}: ${why}` : `have a good trip ${tripId}`,
  )
  return {}
}

const trip = { tripId: 'tripId', city: 'city' }
const tried = { retry: { maxAttempts: 3, delay: '2s' } } as const
/** A compensation must not give up soon: 10 tries, over some 20 minutes. */
const always = { runs: 'always', retry: { maxAttempts: 10, delay: '5s', maxDelay: '5m' } } as const

export const booking = createFlow<Context, Services>('trip')
  .node('flight', book('flight'), { inputs: trip, config: tried })
  .node('hotel', book('hotel'), { inputs: trip, config: tried })
  .node('car', book('car'), { inputs: trip, config: tried })
  .node('pay', pay, { inputs: 'tripId', config: tried })
  .edge('flight', 'hotel')
  .edge('hotel', 'car')
  .edge('car', 'pay')

  // An edge from what is undone, which gives its output; one from `pay`, so that all of the trip is over; one from the
  // compensation that goes first.
  .node('returnCar', giveBack('car'), { config: always })
  .edge('car', 'returnCar')
  .edge('pay', 'returnCar')
  .node('returnHotel', giveBack('hotel'), { config: always })
  .edge('hotel', 'returnHotel')
  .edge('returnCar', 'returnHotel')
  .node('returnFlight', giveBack('flight'), { config: always })
  .edge('flight', 'returnFlight')
  .edge('returnHotel', 'returnFlight')
  .node('tell', tell, { config: always })
  .edge('returnFlight', 'tell')

export const flows = defineFlows({ trip: booking })

/** For callers, which then know ids and inputs: `new RunClient<Flows>()`. */
export type Flows = typeof flows
