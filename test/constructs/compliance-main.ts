/** `npm run compliance`: docs/compliance.md with the table of what cdk-nag finds now. `--write`: writes it there. */
import { readFileSync, writeFileSync } from 'node:fs'
import { DOCS, docsOf } from './compliance.ts'

const page = docsOf(readFileSync(DOCS, 'utf8'))
if (process.argv.includes('--write')) writeFileSync(DOCS, page)
else process.stdout.write(page)
