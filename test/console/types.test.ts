/** What the server's routes answer is what the page takes for their answers: its `api.ts` names these types for these routes. */
import { hc, type InferResponseType } from 'hono/client'
import { expectTypeOf, it } from 'vitest'
import type { ConsoleApi } from '../../lib/console/app.ts'
import type * as views from '../../lib/console/views.ts'

const client = hc<ConsoleApi>('http://127.0.0.1/api')
const run = client.runs[':run']

/** Those with values of users in them are too deep for Hono's types: what `ConsoleSource` gives is sent as it is. */
it('the routes answer what the page is typed for', () => {
  expectTypeOf<InferResponseType<typeof client.service.$get>>().toExtend<views.ServiceView>()
  expectTypeOf<InferResponseType<typeof client.runs.$get>>().toExtend<views.RunsView>()
  expectTypeOf<InferResponseType<typeof client.costs.$get>>().toExtend<views.CostsView>()
  expectTypeOf<InferResponseType<typeof client.failures.$get>>().toExtend<views.FailuresView>()
  expectTypeOf<InferResponseType<typeof run.$get>>().toExtend<views.RunView>()
  expectTypeOf<InferResponseType<typeof run.graph.$get>>().toExtend<views.GraphView | null>()
  expectTypeOf<InferResponseType<typeof run.logs.$get>>().toExtend<views.LogsView>()
  expectTypeOf<InferResponseType<typeof run.diagram.$get>>().toExtend<{ readonly mermaid: string }>()
  expectTypeOf<InferResponseType<typeof client.blueprints.$get>>().toExtend<views.BlueprintsView>()
  expectTypeOf<InferResponseType<(typeof client)['dead-letters']['$get']>>().toExtend<views.DeadLettersView>()

  expectTypeOf<InferResponseType<typeof client.runs.$post>>().toExtend<{ runId: string; created: boolean }>()
  expectTypeOf<InferResponseType<typeof run.redrive.$post>>().toExtend<
    views.RedriveView & { redriven: boolean }
  >()
  expectTypeOf<InferResponseType<typeof run.resume.$post>>().toExtend<{ resumed: boolean }>()
  expectTypeOf<InferResponseType<typeof run.cancel.$post>>().toExtend<{ cancelled: boolean }>()
})
