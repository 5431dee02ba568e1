import { NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { rendering } from '../../examples/cleanup/flows.ts'
import { TestService } from '../../lib/testing/index.ts'

it('a machine is given back, and somebody told, whatever happened', async () => {
  const told: string[] = []
  const farm = {
    lease: async () => 'machine 7',
    render: async (machine: string) => {
      throw new Error(`${machine} is on fire`)
    },
    release: async (machine: string | undefined) => void told.push(`released ${machine}`),
    tell: async (text: string) => void told.push(text),
  }
  const service = new TestService({
    flows: [rendering],
    dependencies: { farm },
    logger: new NullLogger(),
  })

  expect((await service.run({ blueprintId: 'rendering' })).status).toBe('failed')
  expect(told).toEqual(['released machine 7', 'failed: render: machine 7 is on fire'])
})
