/** The workflow of CI runs the parts of `.ci/run`, all of them; nothing in it or beside it is taken by a name that may move. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => readFileSync(root + file, 'utf8')

it('each part of .ci/run is a function of it, and some job of the workflow runs it', () => {
  const run = read('.ci/run')
  const parts = (/^PARTS=\((.*)\)$/m.exec(run)?.[1] ?? '').split(' ')
  const functions = [...run.matchAll(/^part_(\w+)\(\)/gm)].map(([, name]) => name)
  expect(functions).toEqual(parts)

  const workflow = read('.github/workflows/ci.yml')
  const matrix = (/part: \[(.*)\]/.exec(workflow)?.[1] ?? '').split(', ')
  const called = [...workflow.matchAll(/\.ci\/run ([a-z ]+)/g)].flatMap(([, names]) =>
    (names as string).trim().split(' '),
  )
  expect([...new Set([...called, ...matrix])].toSorted()).toEqual(parts.toSorted())
})

it('the oldest Node.js that must work is tried, and newer ones', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }
  const oldest = Number(/\d+/.exec(engines.node)?.[0])
  expect(read('.github/workflows/ci.yml')).toContain(`node: [${oldest}, ${oldest + 2}, ${oldest + 4}]`)
})

it('actions are taken by their commit', () => {
  const workflows = readdirSync(`${root}.github/workflows`).map((name) => `.github/workflows/${name}`)
  const used = [...workflows, 'examples/deployment/deploy.yml'].flatMap((file) =>
    [...read(file).matchAll(/uses: (.*)/g)].map(([, action]) => action as string),
  )
  expect(used.length).toBeGreaterThan(6)
  expect(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([])
})
