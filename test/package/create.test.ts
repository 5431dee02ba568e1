/** `npm create flowcraft-aws` is this package's `init`, of the same version. */
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

interface Manifest {
  readonly version: string
  readonly engines: object
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

async function manifestIn(folder: string): Promise<Manifest> {
  const file = new URL(`../../${folder}package.json`, import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')) as Manifest
}

it('create-flowcraft-aws depends on this very version, and on the engine that it asks for', async () => {
  const [own, starter] = [await manifestIn(''), await manifestIn('packages/create-flowcraft-aws/')]
  expect(starter).toMatchObject({ version: own.version, engines: own.engines, license: own.license })
  expect(starter.dependencies).toEqual({
    'flowcraft-aws': own.version,
    flowcraft: own.peerDependencies['flowcraft'],
  })
})
