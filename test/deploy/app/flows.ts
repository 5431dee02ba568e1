/** Flows that use what the example does not: values that need the bucket, a full header, code that is replaced. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlow, type NodeContext } from 'flowcraft'
import { orderFulfilment } from '../../../examples/order-fulfilment/flows.ts'

interface Call<Input> {
  input?: Input
}

/** Random, so that compression does not make an item of it after all. */
async function load({ input: characters = 0 }: Call<number>) {
  return { output: randomBytes(characters / 2).toString('hex') }
}

async function weigh({ input }: Call<{ value: string; label: string }>) {
  return { output: input!.value.length + input!.label.length }
}

/** A value too large for an item (400 KB), between two nodes. */
const cargo = createFlow('cargo')
  .node('load', load, { inputs: 'characters' })
  .node('weigh', weigh, { inputs: { value: 'load', label: 'label' } })
  .edge('load', 'weigh')

async function note({ context, input: keys = 0 }: NodeContext & Call<number>) {
  for (let key = 0; key < keys; key++) await context.set(`note ${key}`, `${key}`.repeat(40))
  return { output: keys }
}

async function count({ context }: NodeContext) {
  const all = Object.keys(await context.toJSON())
  return { output: all.filter((key) => key.startsWith('note ')).length }
}

/** More small values than a header holds. */
const notes = createFlow('notes')
  .node('note', note, { inputs: 'keys' })
  .node('rest', async () => ({ output: 'the header is emptied' }))
  .node('count', count)
  .edge('note', 'rest')
  .edge('rest', 'count')

const CHAPTERS = Array.from({ length: 12 }, (_, at) => `chapter ${at}`)

async function bind({ context }: NodeContext) {
  const texts = await Promise.all(CHAPTERS.map((name) => context.get(name)))
  return { output: texts.map(String).join('').length }
}

/** Small values of many nodes, random so that compression does not make them smaller, which leave the header together; all are read at the end. */
function book() {
  const flow = createFlow('book').wait('print').node('bind', bind)
  for (const [at, name] of CHAPTERS.entries()) {
    flow
      .node(name, async () => ({ output: randomBytes(100).toString('hex') }))
      .edge(name, CHAPTERS[at + 1] ?? 'print')
  }
  return flow.edge('print', 'bind')
}

/** Takes long enough for another message to come meanwhile. */
async function doze({ context }: NodeContext) {
  await context.set('times', ((await context.get('times')) ?? 0) + 1)
  await sleep(2_000)
  return { output: 'rested' }
}

const nap = createFlow('nap').node('doze', doze)

/** Goes round until the code that runs is of the second release, so its run is under way when that is deployed. */
function bridge(release: number) {
  const lap = async ({ context }: NodeContext) => {
    const laps = [...((await context.get('laps')) ?? []), release]
    await context.set('laps', laps)
    await context.set('canContinue', release === 1)
    return { output: laps.length }
  }
  return createFlow('bridge')
    .node('lap', lap)
    .sleep('breathe', { duration: '1s' })
    .edge('lap', 'breathe')
    .loop('round', { startNodeId: 'lap', endNodeId: 'breathe', condition: 'canContinue' })
    .node('arrive', async () => ({ output: 'there' }))
    .edge('round', 'arrive')
}

/** Fails until somebody sets what it needs; then it waits. */
async function charge({ context }: NodeContext) {
  const card = await context.get('card')
  if (card === undefined) throw new Error('there is no card 4711')
  return { output: card.length }
}

const fragile = createFlow('fragile')
  .node('charge', charge)
  .wait('approval')
  .node('ship', async ({ input }: Call<string>) => ({ output: `shipped by ${input}` }))
  .edge('charge', 'approval')
  .edge('approval', 'ship')

async function greet({ input }: Call<string>) {
  return { output: `hello ${input}` }
}

/** What schedules, rules and delayed starts start. */
const greeting = createFlow('greeting').node('greet', greet, { inputs: 'name' })

/** Of a blueprint of its own, which is paused. */
const held = createFlow('held').node('greet', greet, { inputs: 'name' })

export const flowsOf = (release: number) => [
  orderFulfilment,
  cargo,
  notes,
  book(),
  nap,
  bridge(release),
  fragile,
  greeting,
  held,
]
