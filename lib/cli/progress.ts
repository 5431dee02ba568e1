/** Says on standard error how far something is that takes longer than a second. For people at a terminal only. */
import { colorsOf, type Io } from './io.ts'

export interface Progress {
  /** How far it is, in place of what was said before. */
  (text: string): void
}

const AFTER_MS = 1_000
const EVERY_MS = 200
/** Up over the line before, and away with it. */
const OVER = '\u001B[1A\u001B[0J'

/** Says `text` while it works, unless it is done in a second. */
export async function withProgress<T>(
  io: Io,
  text: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  if (!io.showsProgress) return work(() => {})
  const { dim } = colorsOf(io)
  let [now, told]: [string, string | undefined] = [text, undefined]
  const tell = () => {
    if (now === told) return
    io.err((told === undefined ? '' : OVER) + dim(`${now} ...`))
    told = now
  }
  let every: NodeJS.Timeout | undefined
  const after = setTimeout(() => {
    tell()
    every = setInterval(tell, EVERY_MS)
  }, AFTER_MS)
  try {
    return await work((next) => {
      now = next
    })
  } finally {
    clearTimeout(after)
    clearInterval(every)
    if (told !== undefined) io.err(`${OVER}${dim(now)}`)
  }
}
