import type { ISerializer } from 'flowcraft'
import { parse, stringify } from 'superjson'

/** Dates, Maps, Sets, bigints, NaN and undefined keep their types. The same for all workers and clients. */
export const serializer: ISerializer = { serialize: stringify, deserialize: parse }
