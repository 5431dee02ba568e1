/** Bundles the package's own functions into `dist/handlers`, from where the constructs deploy them. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { OWN_HANDLERS, ownHandlerOptions } from '../lib/bundling.ts'

const root = fileURLToPath(new URL('../', import.meta.url))

await Promise.all(OWN_HANDLERS.map((name) => build(ownHandlerOptions(root, name, `dist/handlers/${name}`))))
