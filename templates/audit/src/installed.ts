/** Prints the input of a run: the packages in this project's `node_modules`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

function foldersOf(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'))
  return names.flatMap(({ name }) =>
    name.startsWith('@') ? foldersOf(join(folder, name)) : [join(folder, name)],
  )
}

const packages = foldersOf('node_modules').map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  return { name, version, licence: typeof license === 'string' ? license : undefined }
})
console.log(JSON.stringify({ packages }))
