/** Words of the console's answers. */

/** What JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** ISO 8601. */
export type Time = string

export type BlueprintId = string
