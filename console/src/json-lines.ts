/** Lines of JSON, as a server writes them one by one: each is given as soon as it is whole. */
export async function* jsonLines<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const lines = `${rest}${decoder.decode(value, { stream: !done })}`.split('\n')
      rest = done ? '' : (lines.pop() ?? '')
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as T
      if (done) return
    }
  } finally {
    // Whoever stops reading early lets the server stop, too; a stream that ended or broke has nothing to cancel.
    await reader.cancel().catch(() => {})
  }
}
