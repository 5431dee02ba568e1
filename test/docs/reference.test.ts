/** The pages of docs/reference say what the code says. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { environmentVariables, metricNames, runEventNames, stateTable } from '../../lib/index.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => readFileSync(root + file, 'utf8')

/** The first cells of a page's tables, under a heading or in all of it. */
function firstCells(page: string, heading?: string): string[] {
  const text = read(`docs/reference/${page}.md`)
  const part = heading === undefined ? text : (text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
  return [...part.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
    [...(cell as string).matchAll(/`([^`]+)`/g)].map(([, code]) => code as string),
  )
}

/** A key with a placeholder for what differs; `...` for any rest. */
function patternOf(cell: string): RegExp {
  const literal = cell.replaceAll('`', '').replaceAll('\\|', '|')
  const escaped = literal.replace(/[.*+?^${}()|[\]\\]/g, (character) => `\\${character}`)
  return new RegExp(`^${escaped.replaceAll('\\.\\.\\.', '.*').replace(/<[^>]+>/g, '[^|]+?')}$`)
}

const letters = (matches: Iterable<RegExpMatchArray>) =>
  [...new Set([...matches].map(([, letter]) => letter))].toSorted()

describe('docs/reference/environment.md', () => {
  it('has each variable of the package once, and no other', () => {
    const local = ['FLOWCRAFT_LOCAL_CONSISTENT_READS']
    expect(firstCells('environment').toSorted()).toEqual(
      [...Object.values(environmentVariables), ...local].toSorted(),
    )
  })
})

describe('docs/reference/events.md', () => {
  const details = read('lib/core/telemetry/run-event-details.ts')
  const fieldsOf = (name: string) =>
    [
      ...(details.split(`export interface ${name} `)[1]?.split('\n}')[0] ?? '').matchAll(
        /readonly (\w+)\??:/g,
      ),
    ].map(([, field]) => field as string)

  it.each([
    ['RunEventDetail', 'What each has'],
    ['RunStatusChange', 'Run Status Change'],
    ['RunWaiting', 'Run Waiting'],
    ['RunRedriven', 'Run Redriven'],
  ])('has the fields of %s', (name, heading) => {
    expect(fieldsOf(name).length).toBeGreaterThan(3)
    expect(firstCells('events', heading).toSorted()).toEqual(fieldsOf(name).toSorted())
  })

  it('has each event with its detail-type', () => {
    const text = read('docs/reference/events.md')
    for (const name of runEventNames) expect(text).toContain(`| \`'${name}'\` |`)
    const { source, ...types } = metricNames.events
    for (const value of [source, ...Object.values(types)]) expect(text).toContain(`\`${value}\``)
  })
})

describe('docs/reference/table.md', () => {
  const text = read('docs/reference/table.md')
  const rows = [...text.matchAll(/^\| (`[A-Z]#.*?`) \| (`.*?`(?:, `.*?`)*) \|/gm)].map(([, pk, sk]) => ({
    pk: patternOf(pk as string),
    sks: (sk as string).split(', ').map(patternOf),
  }))

  it('has the keys and indexes of the table', () => {
    const { partitionKey, sortKey, timeToLiveAttribute, dueIndex, runIndex } = stateTable
    for (const { name, partitionKey: pk, sortKey: sk } of [dueIndex, runIndex]) {
      expect(text).toContain(
        `| index \`${name}\` | partition key \`${pk}\`, a text; sort key \`${sk}\`, a number`,
      )
    }
    expect(text).toContain(runIndex.projected.map((attribute) => `\`${attribute}\``).join(', '))
    for (const key of [partitionKey, sortKey, timeToLiveAttribute]) expect(text).toContain(`| \`${key}\``)
  })

  it('has a line for each kind of partition that the schema knows', () => {
    const known = read('lib/core/store/schema.ts').matchAll(/`([A-Z])#\$/g)
    const lines = text.matchAll(/^\| `([A-Z])#/gm)
    expect(letters(lines)).toEqual(letters(known))
  })

  it('has a line for each item of runs that older versions began', () => {
    const folder = 'test/end-to-end/fixtures/'
    const items = readdirSync(root + folder).flatMap(
      (file) => JSON.parse(read(folder + file)) as { pk?: { S: string }; sk: { S: string } }[],
    )
    const keys = items.flatMap(({ pk, sk }) => (pk === undefined ? [] : [{ pk: pk.S, sk: sk.S }]))
    expect(keys.length).toBeGreaterThan(10)
    const unknown = keys.filter(
      ({ pk, sk }) => !rows.some((row) => row.pk.test(pk) && row.sks.some((pattern) => pattern.test(sk))),
    )
    expect(unknown).toEqual([])
  })
})

describe('docs/guides/alarms.md', () => {
  it('has each alarm of the construct', () => {
    const made = read('lib/constructs/alarms.ts').matchAll(/#alarm\(\s+\w+,\s+'(\w+)'/g)
    const rows = read('docs/guides/alarms.md').matchAll(/^\| `(\w+)` \|/gm)
    const names = [...made].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(7)
    expect([...rows].map(([, name]) => name).toSorted()).toEqual(names.toSorted())
  })
})
