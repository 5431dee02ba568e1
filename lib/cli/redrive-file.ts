/**
 * A redrive of many runs as a file: its first line says what was asked, each further one what became of a run. Whoever is
 * interrupted goes on with it. It needs no list of what is left: the failures that were asked for end when it was begun, so
 * that a run which was redriven and failed again is none of them.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { messageOf } from '../core/common/errors.ts'
import { UsageError } from './exit-codes.ts'

const isoTime = v.pipe(v.string(), v.isoTimestamp())
const orderSchema = v.object({
  since: isoTime,
  until: isoTime,
  blueprintId: v.optional(v.string()),
  nodes: v.optional(v.array(v.string())),
  set: v.optional(v.record(v.string(), v.unknown())),
  by: v.optional(v.string()),
  reason: v.optional(v.string()),
})
const outcomeSchema = v.object({ runId: v.string(), error: v.optional(v.unknown()) })

/** What was asked. */
export type RedriveOrder = v.InferOutput<typeof orderSchema>

export interface RedriveFile {
  readonly path: string
  readonly order: RedriveOrder
  /** Ids of the runs that were redriven. */
  readonly done: ReadonlySet<string>
}

/** Crash after it: a file without runs, which can be gone on with. @throws UsageError where it cannot be written */
export async function createRedriveFile(folder: string, order: RedriveOrder): Promise<RedriveFile> {
  const name = `redrive-${order.until.replaceAll(':', '-')}.jsonl`
  const path = join(folder, name)
  try {
    await writeFile(path, `${JSON.stringify({ redrive: order })}\n`, { flag: 'wx' })
  } catch (error) {
    throw new UsageError(`nothing was redriven, since ${name} cannot be written: ${messageOf(error)}`)
  }
  return { path, order, done: new Set() }
}

/** Crash before it: the run is redriven, and is not among the failures that are asked for again. */
export async function addOutcome({ path }: RedriveFile, outcome: object): Promise<void> {
  await appendFile(path, `${JSON.stringify(outcome)}\n`)
}

/** @throws UsageError */
export async function readRedriveFile(path: string): Promise<RedriveFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--continue: ${messageOf(error)}`)
  }
  const [first = '', ...others] = text.split('\n')
  const order = v.safeParse(v.object({ redrive: orderSchema }), parsed(first))
  if (!order.success) throw new UsageError(`--continue: ${path} is no file of a redrive`)
  const done = others.flatMap((line) => {
    const outcome = v.safeParse(outcomeSchema, parsed(line))
    return outcome.success && outcome.output.error === undefined ? [outcome.output.runId] : []
  })
  return { path, order: order.output.redrive, done: new Set(done) }
}

/** Undefined for what is no JSON, such as a last line that was half written. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
