/** A local AWS for the tests of a file, and a queue and a table of its own for each of them. */
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { deployOn } from '../end-to-end/driver.ts'
import type { TestDeployment } from './service.ts'

/** `use` gets the deployment of the test that begins. */
export function eachDeployment(use: (deployment: TestDeployment) => void): void {
  let aws: LocalAws
  beforeAll(async () => {
    aws = await startLocalAws()
  })
  beforeEach(async () => use(await deployOn(aws)))
  afterEach(() => aws.intercept(undefined))
  afterAll(() => aws.stop())
}

/** One local AWS for all tests of a file, in which the engine's warnings in memory are not printed. */
export function quietAws(use: (aws: LocalAws) => void): void {
  let aws: LocalAws
  beforeAll(async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    aws = await startLocalAws()
    use(aws)
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await aws.stop()
  })
}
