/**
 * The tests over an emulator in which requests fail, workers die and messages come twice, and those that hold the store, the
 * queues and the bucket to what the protocol asks of them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Endpoints } from '../../lib/local/types.ts'
import { repository } from '../deploy/paths.ts'
import { type Emulator, type EmulatorName, emulators } from './emulators.ts'

const FAULTS = ['test/end-to-end/faults.emulated.test.ts', 'test/end-to-end/lost-answers.emulated.test.ts']
const CONTRACTS = {
  sqs: 'test/core/queue/sqs-queues.emulated.test.ts',
  dynamodb: 'test/core/store/dynamodb-run-store.emulated.test.ts',
  s3: 'test/core/values/s3-blob-store.emulated.test.ts',
} as const
/** The contract of the store is run for each engine that may play DynamoDB, and here there is one. */
const OTHER_ENGINE = 'on dynalite'
/** An emulator may be slow. */
const TIMEOUT_MS = 600_000

/** Runs them by vitest, which prints what fails. */
export async function faultTestsPass(name: EmulatorName, endpoints: Partial<Endpoints>): Promise<boolean> {
  const { plays, skips }: Emulator = emulators[name]
  const files = [...plays.map((service) => CONTRACTS[service]), ...FAULTS]
  const left = [OTHER_ENGINE, ...skips.map(({ test }) => test)].map((text) =>
    text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  )
  const options = [
    '--silent=passed-only',
    `--testTimeout=${TIMEOUT_MS}`,
    `--testNamePattern=^(?!.*(${left.join('|')}))`,
  ]
  // `npm test` takes one of them for its sample.
  const projects = ['--project', 'emulated', '--project', 'smoke']
  const env = { ...process.env, ...variablesOf(endpoints) }
  const args = ['vitest', 'run', ...projects, ...options, ...files]
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
