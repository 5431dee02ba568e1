/**
 * llms.txt, by which a language model finds its way in the docs (https://llmstxt.org): a line for each page, from the page itself.
 * One at the root, for whoever reads the repository or the package from its top, one beside the pages. Says whether they are
 * up to date; `--write` writes them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { filesOf } from './llms/pages.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const files = filesOf(root)

if (process.argv.includes('--write')) {
  for (const { file, text } of files) writeFileSync(root + file, text)
} else {
  const old = files.filter(({ file, text }) => readFileSync(root + file, 'utf8') !== text)
  for (const { file } of old) console.error(`${file} is not what the docs say: npm run llms -- --write`)
  if (old.length > 0) process.exitCode = 1
}
