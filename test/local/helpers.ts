// Shared by the tests of the local AWS. Starts nothing by itself.

import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { afterAll } from 'vitest'
import type { LocalAws, LocalFunction, LocalFunctionOptions } from '../../lib/local/index.ts'

/** A table with one key, `pk`. */
export function tableInput(): CreateTableCommandInput {
  return {
    TableName: `table-${randomUUID()}`,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  }
}

/** Waits until `check` gives something else than false; throws what it last threw after a minute. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<Exclude<T, false>> {
  for (let left = 3_000; ; left--) {
    try {
      const value = await check()
      if (value !== false) return value as Exclude<T, false>
      if (left === 0) throw new Error('still not so after a minute')
    } catch (error) {
      if (left === 0) throw error
    }
    await sleep(20)
  }
}

let folder: Promise<string> | undefined

/** Writes code into a file that is removed after the tests of this file. */
export async function moduleFile(source: string, extension = 'mjs'): Promise<string> {
  folder ??= mkdtemp(join(tmpdir(), 'flowcraft-local-test-'))
  const file = join(await folder, `${randomUUID()}.${extension}`)
  await writeFile(file, source)
  return file
}

afterAll(async () => {
  if (folder) await rm(await folder, { recursive: true })
})

/** A function whose handler is `async (event, context) => { <body> }`. */
export async function functionOf(
  local: LocalAws,
  body: string,
  options: Omit<LocalFunctionOptions, 'code'> = {},
): Promise<LocalFunction> {
  const file = await moduleFile(`export const handler = async (event, context) => {\n${body}\n}`)
  return local.createFunction({ ...options, code: { file } })
}

/** Sends one message per body. */
export async function sendAll(local: LocalAws, QueueUrl: string, bodies: string[]): Promise<void> {
  for (let at = 0; at < bodies.length; at += 10) {
    const Entries = bodies.slice(at, at + 10).map((MessageBody, i) => ({ Id: String(i), MessageBody }))
    await local.clients.sqsClient.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  }
}

/** One receive without waiting. */
export async function receive(local: LocalAws, QueueUrl: string, MaxNumberOfMessages = 10) {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages,
    MessageSystemAttributeNames: ['All'],
  })
  return (await local.clients.sqsClient.send(command)).Messages ?? []
}

/** The process ids of all children of a process, and of their children, without esbuild's helper. */
export function descendants(pid: number): number[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name), command: read(`/proc/${name}/cmdline`) }))
    .filter(({ command }) => !command.includes('esbuild'))
  const below = (parent: number): number[] =>
    processes.filter((process) => process.parent === parent).flatMap(({ pid }) => [pid, ...below(pid)])
  return below(pid)
}

/** Whether a process lives; one that ended but was not waited for does not. */
export function lives(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return stat !== '' && !/\) Z /.test(stat)
}

function parentOf(pid: string): number {
  return Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // The process is gone.
  }
}
