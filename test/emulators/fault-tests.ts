/** The tests that let requests fail, workers die and messages come twice, over an emulator. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Endpoints } from '../../lib/local/types.ts'
import { repository } from '../deploy/paths.ts'

const FAULTS = ['test/end-to-end/faults.emulated.test.ts', 'test/end-to-end/lost-answers.emulated.test.ts']

/** Runs them by vitest, which prints what fails. */
export async function faultTestsPass(endpoints: Partial<Endpoints>): Promise<boolean> {
  const env = { ...process.env, ...variablesOf(endpoints) }
  const args = ['vitest', 'run', '--project', 'emulated', ...FAULTS]
  const child = spawn('npx', args, { cwd: repository, env, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code === 0
}

function variablesOf(endpoints: Partial<Endpoints>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(endpoints).map(([service, origin]) => [
      `FLOWCRAFT_LOCAL_${service.toUpperCase()}_ENDPOINT`,
      origin,
    ]),
  )
}
