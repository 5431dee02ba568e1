/** Stores that forget a condition of one of their writes: the contract must notice each. */
import type { RunStore } from '../../../lib/core/store/run-store.ts'
import { importMutated, type Replacement } from '../../simulation/source-mutation.ts'
import { beginContract } from './contract/begin.ts'
import { costsContract } from './contract/costs.ts'
import { crowdedContract } from './contract/crowded.ts'
import { endsContract } from './contract/ends.ts'
import { listsContract } from './contract/lists.ts'
import { steeringContract } from './contract/steering.ts'
import { casesOf } from './contract/suite.ts'
import { timersContract } from './contract/timers.ts'

/** A condition, as the code has it, and without it. */
type Forgotten = readonly [what: string, from: string, to: string]

/** Wherever the store's code has it, or in one file, where others have the same. */
function replacements(forgotten: readonly Forgotten[], file = 'store/'): Replacement[] {
  return forgotten.map(([what, from, by]) => ({ what, file, replace: literal(from), by }))
}

function literal(text: string): RegExp {
  return new RegExp(text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
}

const nothing = 'return this.written('

export const memoryMutants: readonly Replacement[] = [
  ...replacements(
    [
      [
        'pause: running',
        "const isFree = run?.status === 'running' &&",
        'const isFree = run !== undefined &&',
      ],
      ['pause: not paused', "'running' && run.pausedAt === undefined", "'running'"],
      [
        'unpause: running',
        "const isPaused = run?.status === 'running' &&",
        'const isPaused = run !== undefined &&',
      ],
      [
        'unpause: paused',
        "const isPaused = run?.status === 'running' && run.pausedAt !== undefined",
        "const isPaused = run?.status === 'running'",
      ],
      ['markPublished: of this end', '|| run.redrives !== redrives', ''],
    ],
    'store/memory-steering.ts',
  ),
  ...replacements([
    ['fail: seq', 'seen ? run?.seq === seen.seq && !isRaised', 'seen ? !isRaised'],
    ['fail: budget', 'run?.seq === seen.seq && !isRaised', 'run?.seq === seen.seq'],
    [
      'begin: running',
      "if (run?.status !== 'running' || run.graph !== undefined)",
      'if (!run || run.graph !== undefined)',
    ],
    ['begin: not begun', "run?.status !== 'running' || run.graph !== undefined", "run?.status !== 'running'"],
    [
      'enlist: status',
      'run !== undefined && run.status === seen.status && run.seq',
      'run !== undefined && run.seq',
    ],
    ['enlist: seq', 'run.status === seen.status && run.seq === seen.seq', 'run.status === seen.status'],
    ['fail: running', "if (run?.status !== 'running' || !isAsSeen)", 'if (!run || !isAsSeen)'],
    ['fail: not begun', ': run?.graph === undefined', ': true'],
    [
      'cancel: running',
      `if (run?.status !== 'running' || run.seq !== seen.seq) ${nothing}runId`,
      `if (!run || run.seq !== seen.seq) ${nothing}runId`,
    ],
    [
      'cancel: seq',
      `if (run?.status !== 'running' || run.seq !== seen.seq) ${nothing}runId`,
      `if (run?.status !== 'running') ${nothing}runId`,
    ],
    ['redrive: status', '!run || run.status !== seen.status || run.seq', '!run || run.seq'],
    [
      'redrive: seq',
      'run.status !== seen.status || run.seq !== seen.seq || run.outbox',
      'run.status !== seen.status || run.outbox',
    ],
    ['redrive: no outbox', ' || run.outbox) {', ') {'],
    ['redrive: fits', 'fitsItem(redriven) ?', '(fitsItem(redriven) || true) ?'],
    [
      'reschedule: running',
      "if (run?.status !== 'running' || run.seq !== look.seq)",
      'if (!run || run.seq !== look.seq)',
    ],
    ['reschedule: seq', ' || run.seq !== look.seq) return false', ') return false'],
    ['reschedule: was', 'look.was !== undefined && run.dueAt !== look.was', 'false as boolean'],
    [
      'noteDeadLetter: running',
      "if (run?.status !== 'running' || !isNeeded) return",
      'if (!run || !isNeeded) return',
    ],
    [
      'noteDeadLetter: needed',
      "if (run?.status !== 'running' || !isNeeded) return",
      "if (run?.status !== 'running') return",
    ],
    [
      'evict: running',
      "const isAsSeen = run?.status === 'running' && run.seq === seen.seq\n    if (!isAsSeen ||",
      'const isAsSeen = run?.seq === seen.seq\n    if (!run || !isAsSeen ||',
    ],
    [
      'evict: seq',
      "const isAsSeen = run?.status === 'running' && run.seq === seen.seq",
      "const isAsSeen = run?.status === 'running'",
    ],
    ['evict: packs', '|| (pack !== undefined && (run.packs ?? 0) !== pack - 1)', ''],
  ]),
]

const running = "e.when(`${e.path('s')} = ${e.value('running')}`)"

export const dynamoDbMutants: readonly Replacement[] = [
  ...replacements(
    [
      ['redrive: status', "e.when(`${e.path('s')} = ${e.value(status)}`).when(", 'e.when('],
      ['redrive: seq', ".when(`${e.path('q')} = ${e.value(seq)}`)", ''],
      ['redrive: no outbox', "e.when(`attribute_not_exists(${e.path('o')})`)\n", '\n'],
      ['begin: not begun', ".when(`attribute_not_exists(${e.path('g')})`)", ''],
      [
        'begin: running',
        `${running}.when(\`attribute_not_exists(\${e.path('g')})`,
        "e.when(`attribute_not_exists(${e.path('g')})",
      ],
      ['markPublished: there', '.when(`attribute_exists(${e.path(entry)})`)', ''],
      [
        'markPublished: of this end',
        'e.when(redrives === undefined ? `attribute_not_exists(${life})` : `${life} = ${e.value(redrives)}`)',
        'e',
      ],
      ['fail and cancel: running', `${running}\n  e.set(e.path('s'), status)`, "e.set(e.path('s'), status)"],
      [
        'pause: running',
        `${running}.when(\`attribute_not_exists(\${e.path('pz')})`,
        "e.when(`attribute_not_exists(${e.path('pz')})",
      ],
      ['pause: not paused', ".when(`attribute_not_exists(${e.path('pz')})`)", ''],
      ['unpause: running', `${running}.when(\`attribute_exists`, 'e.when(`attribute_exists'],
      ['unpause: paused', ".when(`attribute_exists(${e.path('pz')})`)", ''],
    ],
    'store/steer-expressions.ts',
  ),
  ...replacements(
    [
      ['enlist: status', "e.when(`${e.path('s')} = ${e.value(status)}`).when(", 'e.when('],
      ['enlist: seq', "e.value(status)}`).when(`${e.path('q')} = ${e.value(seq)}`)", 'e.value(status)}`)'],
      [
        'fail: seq',
        "e.when(seen ? `${e.path('q')} = ${e.value(seen.seq)}` :",
        "e.when(seen ? `attribute_exists(${e.path('q')})` :",
      ],
      [
        'fail: not begun',
        ": `attribute_not_exists(${e.path('g')})`)\n",
        ": `attribute_exists(${e.path('pk')})`)\n",
      ],
      ['fail: budget', 'if (seen?.budget) e.when(', 'if (false as boolean) e.when('],
      ['cancel: seq', "e.when(`${e.path('q')} = ${e.value(seen.seq)}`)\n    return", 'return'],
      ['redrive: fits', 'if (!isItemTooLarge(error)) throw error', 'throw error'],
      [
        'reschedule: running',
        `${running}.when(\`\${e.path('q')} = \${e.value(seq)}\`)\n    if (was`,
        "e.when(`${e.path('q')} = ${e.value(seq)}`)\n    if (was",
      ],
      ['reschedule: seq', ".when(`${e.path('q')} = ${e.value(seq)}`)\n    if (was", '\n    if (was'],
      ['reschedule: was', 'if (was !== undefined)', 'if (false as boolean)'],
      ['noteDeadLetter: running', `${running}.set(e.path(\`l`, 'e.set(e.path(`l'],
      [
        'noteDeadLetter: not begun',
        "if (key === undefined) e.when(`attribute_not_exists(${e.path('g')})`)\n",
        'if (key === undefined) {}\n',
      ],
      [
        'noteDeadLetter: active',
        'else e.when(`(${[1, undefined]',
        'else if (!key) e.when(`(${[1, undefined]',
      ],
      [
        'evict: running',
        `${running}.when(\`\${e.path('q')} = \${e.value(seen.seq)}\`)`,
        "e.when(`${e.path('q')} = ${e.value(seen.seq)}`)",
      ],
      ['evict: packs', 'if (pack !== undefined) e.when(packsCondition(e, pack - 1))', ''],
      ['evict: seq', `${running}.when(\`\${e.path('q')} = \${e.value(seen.seq)}\`)`, running],
    ],
    'store/dynamodb-run-store.ts',
  ),
]

/** What a module has once a condition is forgotten there. */
export function moduleWithout<T>(file: string, mutant: Replacement): Promise<T> {
  return importMutated<T>(`lib/core/${file}`, mutant)
}

/** The name of the first test of the contract that fails; undefined where none does. */
export async function noticedBy(make: () => RunStore): Promise<string | undefined> {
  const cases = casesOf(() => {
    for (const contract of [
      steeringContract,
      endsContract,
      beginContract,
      timersContract,
      crowdedContract,
      costsContract,
      listsContract,
    ])
      contract(make)
  })
  for (const { name, run } of cases) {
    try {
      await run()
    } catch {
      return name
    }
  }
  return undefined
}
