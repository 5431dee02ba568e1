/** The page of conformance cases is the one that `npm run conformance -- --write` would write. */
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { cases } from '../conformance/cases.ts'
import { DOCS, docsOf } from '../conformance/table.ts'

it('docs/conformance.md shows every case', async () => {
  expect(await readFile(DOCS, 'utf8')).toBe(docsOf())
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
})
