/**
 * An audit of packages: three checks side by side, then a verdict.
 *
 *              ┌──▶ licences ─────────────────────────┐             ┌──▶ approve
 *     prepare ─┼──▶ duplicates ───────────────────────┼──▶ verdict ─┤
 *              └──▶ advisories, a message a package ──┘             └──▶ review
 *
 * What runs side by side runs on several Lambdas. If one dies, another one does its part again, and no more than that; so
 * a node may run twice.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { defineFlows } from 'flowcraft-aws'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import type { FindAdvisories } from './advisories.js'

const installed = v.object({
  name: v.pipe(v.string(), v.nonEmpty()),
  version: v.string(),
  licence: v.optional(v.string(), 'unknown'),
})
export type Package = v.InferOutput<typeof installed>

/** What a run starts from. A wrong input starts nothing. Schemas of zod and arktype do as well. */
const auditInput = v.object({
  packages: v.pipe(v.array(installed), v.minLength(1)),
  allow: v.optional(v.array(v.string()), [
    '0BSD',
    'Apache-2.0',
    'BlueOak-1.0.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'ISC',
    'MIT',
    'MIT-0',
  ]),
})
type Context = v.InferOutput<typeof auditInput> & { distinct: Package[]; found: string[][] }

/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  findAdvisories: FindAdvisories
}

/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>

const idOf = ({ name, version }: Package) => `${name}@${version}`

/** The same package may be installed in several places. */
async function prepare({ input: packages = [], context }: Call<Package[]>) {
  const distinct = [...new Map(packages.map((one) => [idOf(one), one])).values()]
  await context.set('distinct', distinct)
  return { output: { count: distinct.length } }
}

async function licences({ input }: Call<{ packages: Package[]; allow: string[] }>) {
  const { packages, allow } = input!
  const others = packages.filter(({ licence }) => !allow.includes(licence))
  return { output: others.map((one) => `${idOf(one)} has the licence ${one.licence}`) }
}

async function duplicates({ input: packages = [] }: Call<Package[]>) {
  const names = packages.map(({ name }) => name)
  const several = names.filter((name, at) => names.indexOf(name) !== at)
  return { output: [...new Set(several)].map((name) => `${name} is there in more than one version`) }
}

/** Called for each package, on many workers at a time. */
async function advisories({ input, dependencies }: Call<Package>) {
  const found = await dependencies.findAdvisories(input!)
  return { output: found.map((advisory) => `${idOf(input!)}: ${advisory}`) }
}

interface Findings {
  licences: string[]
  duplicates: string[]
  advisories: string[][]
}

/** The `action` of a node decides which of its edges are taken. */
async function verdict({ input }: Call<Findings>) {
  const reasons = [...input!.licences, ...input!.duplicates, ...input!.advisories.flat()]
  return { output: reasons, action: reasons.length === 0 ? 'approve' : 'review' }
}

async function approve({ input }: Call<{ count: number }>) {
  return { output: `${input!.count} packages, and nothing to look at` }
}

async function review({ input: reasons = [] }: Call<string[]>) {
  return { output: `${reasons.length} to look at:\n${reasons.join('\n')}` }
}

const audit = createFlow<Context, Services>('audit')
  .node('prepare', prepare, { inputs: 'packages' })

  // Fan out: what has an edge from the same node runs at the same time.
  .node('licences', licences, { inputs: { packages: 'distinct', allow: 'allow' } })
  .node('duplicates', duplicates, { inputs: 'distinct' })
  .edge('prepare', 'licences')
  .edge('prepare', 'duplicates')

  // A batch: `advisories` runs for each item, and the list of what they gave is the context's `found`.
  .batch('advisories', advisories, { inputKey: 'distinct', outputKey: 'found' })
  .edge('prepare', 'advisories_scatter')

  // Fan in: a node that waits for all that leads to it.
  .node('verdict', verdict, {
    inputs: { licences: 'licences', duplicates: 'duplicates', advisories: 'found' },
    config: { joinStrategy: 'all' },
  })
  .edge('licences', 'verdict')
  .edge('duplicates', 'verdict')
  .edge('advisories_gather', 'verdict')

  .node('approve', approve, { inputs: 'prepare' })
  .node('review', review, { inputs: 'verdict' })
  .edge('verdict', 'approve', { action: 'approve' })
  .edge('verdict', 'review', { action: 'review' })

export const flows = defineFlows({
  audit: { flow: audit, input: toStandardJsonSchema(auditInput) },
})

/** For callers, which then know ids and inputs: `new StartRunInvoker<Flows>()`. */
export type Flows = typeof flows
