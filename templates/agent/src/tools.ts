/** What the model may call: add yours here. */
export interface Tool {
  name: string
  description: string
  /** A JSON schema of what `run` takes. */
  inputSchema: object
  run(input: Record<string, unknown>): Promise<string>
}

/** Stands in for a forecast. */
const weather: Tool = {
  name: 'weather',
  description: 'The weather of a place today',
  inputSchema: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
  async run({ place }) {
    const degrees = 5 + (String(place).length % 7) * 3
    return `It is ${degrees} degrees in ${String(place)}.`
  },
}

export const tools: Readonly<Record<string, Tool>> = { weather }
