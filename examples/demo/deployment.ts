/** The demo's AWS: the stack of app.ts as `cdk synth` writes it, on this computer. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type LocalAws, type LocalStack, startLocalAws } from '../../lib/local/index.ts'

export interface Deployment {
  readonly aws: LocalAws
  readonly stack: LocalStack
}

/** Starts it all on free ports of this computer. `onLog` gets each line that the functions print. */
export async function deploy(onLog: (line: string) => void): Promise<Deployment> {
  const assembly = await mkdtemp(join(tmpdir(), 'flowcraft-demo-'))
  const starting = startLocalAws()
  try {
    const [aws] = await Promise.all([starting, synthesise(assembly)])
    return { aws, stack: await aws.deploy({ assembly, onLog }) }
  } catch (error) {
    await (await starting).stop()
    throw error
  } finally {
    await rm(assembly, { recursive: true, force: true })
  }
}

/** In a process of its own, as the CDK's CLI does it: what the CDK prints is seen when it fails. */
async function synthesise(outdir: string): Promise<void> {
  const app = fileURLToPath(new URL('app.ts', import.meta.url))
  const env = { ...process.env, CDK_OUTDIR: outdir }
  await promisify(execFile)(process.execPath, [...process.execArgv, app], { env })
}
