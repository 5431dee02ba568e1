/** `npm run load`: writes the tables of docs/scale.md anew, of the last results of `npm run bench`. */
import { lastResults, writeLoads } from './results.ts'

await writeLoads((await lastResults()).rows)
