/** Stand in for the shops' database, your warehouse and your mail: call them here. */
export interface Sales {
  shops(day: string): Promise<string[]>
  of(shop: string, day: string): Promise<{ cents: number }[]>
}

export interface Totals {
  shop: string
  sales: number
  cents: number
}

export interface Warehouse {
  /** In one transaction: what the day had before is gone. So it may be called twice. */
  replace(day: string, totals: Totals[]): Promise<void>
}

export interface Mail {
  send(text: string): Promise<void>
}

export const sales: Sales = {
  shops: async () => ['Oslo', 'Rome', 'Lima'],
  of: async (shop, day) => [...shop, ...day].map((letter) => ({ cents: letter.charCodeAt(0) })),
}

export const warehouse: Warehouse = {
  replace: async (day, totals) => console.log(JSON.stringify({ loaded: day, totals })),
}

export const mail: Mail = { send: async (text) => console.log(JSON.stringify({ mail: text })) }
