export interface Message {
  role: 'user' | 'model'
  text: string
}

export interface Proposal {
  account: string
  cents: number
}

export type AskModel = (messages: Message[]) => Promise<{ proposal: Proposal; usd: number }>

/** Stands in for a model: it takes the last amount that somebody named, and guesses the account by a word. */
export const askModel: AskModel = async (messages) => {
  const said = messages.filter(({ role }) => role === 'user').map(({ text }) => text)
  const cents = Number(/(\d+) cents/.exec(said.toReversed().join(' '))?.[1] ?? 0)
  return { proposal: { account: said.join(' ').includes('train') ? 'travel' : 'office', cents }, usd: 0.002 }
}
