#!/usr/bin/env node
/** `npm create flowcraft-aws@latest shop`: `flowcraft-aws init shop`, of the same version. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
const { bin } = require('flowcraft-aws/package.json')
const folder = join(require.resolve('flowcraft-aws/package.json'), '..')
process.argv.splice(2, 0, 'init')
await import(pathToFileURL(join(folder, bin['flowcraft-aws'])).href)
