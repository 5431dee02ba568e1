/** The examples that are projects of their own: their READMEs say what they are, and they can be copied out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as agent from '../../examples/agent/flows.ts'
import * as documents from '../../examples/document-pipeline/flows.ts'
import * as etl from '../../examples/nightly-etl/flows.ts'
import * as orders from '../../examples/order-approval/flows.ts'
import { greeting } from '../../examples/quick-start/flows.ts'
import * as saga from '../../examples/saga/flows.ts'

const root = join(import.meta.dirname, '../..')
const examples = join(root, 'examples')
const flows = {
  agent: agent.agent,
  'document-pipeline': documents.document,
  'nightly-etl': etl.nightly,
  'order-approval': orders.order,
  'quick-start': greeting,
  saga: saga.booking,
}
const folders = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package.json')))
const SECTIONS = ['Run it', 'Deploy it', 'In the console', 'What it costs']

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
}
const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

it('there are those that are named here, and examples/README.md lists them', () => {
  expect(folders).toEqual(Object.keys(flows).toSorted())
  const list = readFileSync(join(examples, 'README.md'), 'utf8')
  for (const name of readdirSync(examples, { withFileTypes: true })) {
    if (name.isDirectory()) expect(list).toMatch(new RegExp(`[\`[]${name.name}[\`\\]]`))
  }
})

const byText = (all: readonly object[]) => all.map((edge) => JSON.stringify(edge)).toSorted()

describe.each(Object.entries(flows))('%s', (name, flow) => {
  const folder = join(examples, name)
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const files = readdirSync(folder).filter((file) => /\.m?ts$/.test(file))

  it('draws its flow as it is', () => {
    const picture = /```mermaid\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
    const drawn = [...picture.matchAll(/^ {4}(\w+) (?:-- (.+?) -->|-->|-\.->) (\w+)$/gm)].map(
      ([, source, action, target]) => ({ source, target, action }),
    )
    const edges = flow.toBlueprint().edges.map(({ source, target, action }) => ({ source, target, action }))
    expect(byText(drawn)).toEqual(byText(edges))
  })

  it('says how it is run, deployed, looked at and what it costs, and names files that are there', () => {
    expect([...readme.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(SECTIONS)
    for (const [, file] of readme.matchAll(/\]\(([\w./-]+)\)/g))
      expect(existsSync(join(folder, file as string)), file).toBe(true)
  })

  it('imports what its package.json has, in the versions that this repository is tested with, and nothing outside', () => {
    const { dependencies, devDependencies } = manifestOf(folder)
    const known = manifestOf(root)
    const versions: Record<string, string> = { ...known.dependencies, ...known.devDependencies }
    const all = { ...dependencies, ...devDependencies }
    for (const [needed, range] of Object.entries(all)) {
      if (needed === 'flowcraft-aws') continue
      expect([needed, range.replace('^', '')]).toEqual([needed, versions[needed]?.replace('^', '')])
    }
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8')
      for (const [, from = ''] of text.matchAll(/^(?:import|\} from|export .* from)[^'\n]*'([^']+)'/gm)) {
        if (from.startsWith('node:')) continue
        if (from.startsWith('.')) expect(from, file).toMatch(/^\.\/[\w-]+\.js$/)
        else expect(all, `${file} imports ${from}`).toHaveProperty([packageOf(from)])
        // What is bundled for Lambda is no development dependency.
        if (
          /^(flows|worker|documents|services|tools|model|agency|ask)\.ts$/.test(file) &&
          !from.startsWith('.')
        )
          expect(dependencies).toHaveProperty([packageOf(from)])
      }
    }
  })
})

/** `@aws-sdk/client-s3` of itself, `aws-cdk-lib` of `aws-cdk-lib/aws-s3`. */
const packageOf = (from: string) =>
  from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/')
