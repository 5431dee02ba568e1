/** A commit that is refused for ever though nobody else commits: what it leaves fits into no item. */
import { createFlow } from 'flowcraft'
import { expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods } from '../../support/one-message.ts'

it('fails its node, whose failure fits', async () => {
  let executed = 0
  const flow = createFlow('one').node('a', async () => ({ output: (executed++, 'x'.repeat(100)) }))
  const service = new TestService({ flows: [flow], logger: quiet })
  const { store } = service.services
  const { runId } = await service.start({ blueprintId: 'one' })
  const small = withMethods(store, {
    commit: async (id, change, seen) =>
      [...change.inlineValues.keys()].some((name) => name.startsWith('o'))
        ? { committed: false, run: await store.read(id) }
        : store.commit(id, change, seen),
  })
  await takeOne(service, { services: { store: small } })

  expect(executed).toBe(1)
  expect(await service.get(runId)).toMatchObject({
    status: 'failed',
    errors: [{ nodeId: 'a', message: "what node 'a' leaves does not fit into the state of its run" }],
  })
})
