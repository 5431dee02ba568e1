// What of a local AWS outlives it: queues, messages and objects. Tables are the engines' own to keep.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localError } from '../errors.ts'
import type { LocalClients } from '../connection.ts'
import { KeptMessages } from './kept-messages.ts'
import { KeptObjects } from './kept-objects.ts'
import type { MessageJournal } from './message-journal.ts'

const SAVE_EVERY_MS = 500
/** Looking for new objects asks S3, for new messages nobody. */
const LOOK_FOR_OBJECTS_EVERY = 10

export class DataFolder {
  readonly #lock: string
  readonly #messages: KeptMessages
  readonly #objects: KeptObjects
  #timer: NodeJS.Timeout | undefined
  /** Savings, one after the other. */
  #saving: Promise<void> = Promise.resolve()

  private constructor(folder: string) {
    this.#lock = join(folder, 'lock')
    this.#messages = new KeptMessages(folder)
    this.#objects = new KeptObjects(folder)
  }

  /** @throws FlowcraftAwsError LOCAL_AWS where another process uses the folder */
  static async open(folder: string): Promise<DataFolder> {
    await mkdir(folder, { recursive: true })
    const opened = new DataFolder(folder)
    await opened.#take(folder)
    return opened
  }

  get journal(): MessageJournal {
    return this.#messages.journal
  }

  /** Puts back what was kept, and keeps what comes from then on. */
  async restore({ sqsClient, s3Client }: LocalClients): Promise<void> {
    await this.#messages.restore(sqsClient)
    await this.#objects.restore(s3Client)
    let turns = 0
    this.#timer = setInterval(() => {
      const withObjects = ++turns % LOOK_FOR_OBJECTS_EVERY === 0
      // What fails now is tried again soon; at the end it is told.
      this.#saving = this.#saving.then(() => this.#save(withObjects ? s3Client : undefined)).catch(() => {})
    }, SAVE_EVERY_MS)
    this.#timer.unref()
  }

  /** Keeps all that is there, at the end. */
  async save({ s3Client }: LocalClients): Promise<void> {
    clearInterval(this.#timer)
    await this.#saving
    await this.#save(s3Client)
  }

  /** Lets another process have the folder. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await rm(this.#lock, { force: true })
  }

  async #save(s3: LocalClients['s3Client'] | undefined): Promise<void> {
    await this.#messages.save()
    if (s3) await this.#objects.save(s3)
  }

  async #take(folder: string): Promise<void> {
    for (;;) {
      try {
        return await writeFile(this.#lock, String(process.pid), { flag: 'wx' })
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EEXIST') throw error
      }
      const pid = Number(await readFile(this.#lock, 'utf8').catch(() => ''))
      if (isAlive(pid)) throw localError(`the data in ${folder} is in use by process ${pid}: stop it first`)
      await rm(this.#lock, { force: true })
    }
  }
}

/** Whether a process runs; of a killed one only its file is left. */
function isAlive(pid: number): boolean {
  if (!pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM'
  }
}
