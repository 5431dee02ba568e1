import { FlowRuntime, NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import type { Documents } from './documents.js'
import { type Context, document, flows, type Services, type Upload } from './flows.js'

const upload: Upload = { bucket: 'shelf', key: 'uploads/poem.txt' }
const nameOf = ({ bucket, key }: Upload) => `${bucket}/${key}`

/** A bucket in memory, with one document. */
function shelf(text: string) {
  const objects = new Map([[nameOf(upload), text]])
  const writes: string[] = []
  const documents: Documents = {
    read: async (from) => objects.get(nameOf(from)) ?? '',
    async write(to, written) {
      writes.push(to.key)
      objects.set(nameOf(to), written)
    },
  }
  const result = () => JSON.parse(objects.get('shelf/results/poem.txt.json') ?? 'null') as unknown
  return { documents, result, writes }
}

const poem = (lines: number) => Array.from({ length: lines }, (_, n) => `line ${n} of a poem`).join('\n')

function serviceWith(documents: Documents) {
  return new TestService({ flows, dependencies: { documents }, logger: new NullLogger() })
}

it('in memory, counts the words of a document', async () => {
  const { documents, result } = shelf(poem(100))

  const { status } = await document.run(
    new FlowRuntime<Context, Services>({ dependencies: { documents } }),
    upload,
  )

  expect(status).toBe('completed')
  expect(result()).toEqual({ pages: 3, words: 400, longest: 'line' })
})

describe('by the protocol of AWS', () => {
  it('works on each page by itself', async () => {
    const { documents, result } = shelf(poem(100))

    const { status, context } = await serviceWith(documents).run({ blueprintId: 'document', input: upload })

    expect(status).toBe('completed')
    expect(context['counts']).toHaveLength(3)
    expect(result()).toMatchObject({ pages: 3, words: 400 })
  })

  it('writes one result for an event that is delivered twice, where each message comes twice too', async () => {
    const { documents, writes } = shelf(poem(100))
    const service = serviceWith(documents)
    const send = service.queue.send.bind(service.queue)
    service.queue.send = async (jobs, delaySeconds) => send([...jobs, ...jobs], delaySeconds)
    const request = { blueprintId: 'document', runId: 'document:event-1', input: upload } as const

    expect((await service.start(request)).created).toBe(true)
    expect((await service.start(request)).created).toBe(false)

    expect((await service.waitFor('document:event-1')).status).toBe('completed')
    expect(writes).toEqual(['results/poem.txt.json'])
  })

  it('fails at once where the document is empty', async () => {
    const { status, errors } = await serviceWith(shelf('').documents).run({
      blueprintId: 'document',
      input: upload,
    })
    expect([status, errors?.[0]?.message]).toEqual(['failed', expect.stringContaining('is empty')])
  })
})
