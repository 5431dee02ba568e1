/** A JSON object of which nothing is known. */
export type JsonRecord = Readonly<Record<string, unknown>>
