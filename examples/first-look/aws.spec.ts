/** The app of the README, as it stands there: it makes a service. */
import { afterAll, beforeAll, expect, it } from 'vitest'

const before = process.cwd()
beforeAll(() => process.chdir(import.meta.dirname))
afterAll(() => process.chdir(before))

it('is a service with a worker', async () => {
  await expect(import('./app.js')).resolves.toBeDefined()
})
