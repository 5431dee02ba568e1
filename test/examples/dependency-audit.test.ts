import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  FlowRuntime,
  analyzeBlueprint,
  lintBlueprint,
  type FlowcraftEvent,
  type Middleware,
  type RuntimeDependencies,
} from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  dependencyAudit,
  flows,
  type AuditInput,
  type AuditReport,
} from '../../examples/dependency-audit/flow.ts'
import { declaredLicence, isAllowed, recogniseLicence } from '../../examples/dependency-audit/licences.ts'
import { bytesOf, installScripts, listPackages } from '../../examples/dependency-audit/sources.ts'

const BSD_2 =
  'Redistribution and use in source and binary forms, with or\nwithout modification, are permitted'

let folder: string
/** Two pages and six packages, with something of everything that an audit may find. */
let mixed: string
/** Two full pages of harmless packages. */
let harmless: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dependency-audit-'))
  mixed = await tree('mixed', {
    ...harmlessPackages(46),
    'node_modules/.bin/tool': '#!/bin/sh',
    'node_modules/.package-lock.json': '{}',
    'node_modules/.cache/package.json': '{}',
    'node_modules/not-a-package/readme.md': 'nothing here',
    'node_modules/alpha/package.json': { name: 'alpha', version: '1.0.0', license: 'MIT' },
    'node_modules/alpha/data.bin': 'x'.repeat(1_500_000),
    'node_modules/alpha/deep/node_modules/kept.bin': 'x'.repeat(250_000),
    'node_modules/alpha/node_modules/beta/package.json': { name: 'beta', version: '1.9.0', license: 'ISC' },
    'node_modules/beta/package.json': { name: 'beta', version: '1.10.0', license: { type: 'ISC' } },
    'node_modules/beta/node_modules/@scope/gamma/package.json': {
      name: '@scope/gamma',
      version: '0.1.0',
      licenses: [{ type: 'GPL-3.0-only' }, { type: 'MIT' }],
      scripts: { postinstall: 'node setup.js', test: 'vitest' },
    },
    'node_modules/broken/package.json': '{ "name": ',
    'node_modules/chalk/package.json': { name: 'chalk', version: '5.6.1', license: 'GPL-3.0-only' },
    'node_modules/delta/package.json': {
      name: 'delta',
      version: '2.0.0',
      license: 'SEE LICENSE IN terms.txt',
    },
    'node_modules/delta/terms.txt': BSD_2,
    'node_modules/delta/binding.gyp': '{}',
  })
  await symlink(join(mixed, 'node_modules/alpha'), join(mixed, 'node_modules/linked'))
  harmless = await tree('harmless', harmlessPackages(50))
})

afterAll(() => rm(folder, { recursive: true }))

async function tree(name: string, files: Record<string, unknown>): Promise<string> {
  for (const [file, content] of Object.entries(files)) {
    const path = join(folder, name, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  }
  return join(folder, name)
}

function harmlessPackages(count: number): Record<string, unknown> {
  const files: Record<string, unknown> = {}
  for (let at = 0; at < count; at++) {
    const name = `harmless-${String(at).padStart(2, '0')}`
    files[`node_modules/${name}/package.json`] = { name, version: '1.0.0', license: 'MIT' }
  }
  return files
}

async function run(input: AuditInput, middleware: Middleware[] = [], concurrency?: number) {
  const events: FlowcraftEvent[] = []
  const runtime = new FlowRuntime<AuditInput, RuntimeDependencies>({
    eventBus: { emit: (event) => void events.push(event) },
    middleware,
  })
  const { context, status, errors } = await dependencyAudit.run(runtime, input, { concurrency })
  return {
    status,
    errors,
    context: context as AuditInput & Record<string, unknown>,
    report: (context as AuditInput & { report: AuditReport }).report,
    started: (nodeId: string) => count(events, 'node:start', nodeId),
    retried: (nodeId: string) => count(events, 'node:retry', nodeId),
  }
}

function count(events: FlowcraftEvent[], type: 'node:start' | 'node:retry', nodeId: string): number {
  return events.filter((event) => event.type === type && event.payload.nodeId === nodeId).length
}

describe('the dependency audit, in memory', () => {
  it('starts at one node, ends at one, and has no loose ends', () => {
    const blueprint = dependencyAudit.toBlueprint()
    expect(lintBlueprint(blueprint, dependencyAudit.getFunctionRegistry()).issues).toEqual([])
    expect(analyzeBlueprint(blueprint)).toMatchObject({ startNodeIds: ['list'], terminalNodeIds: ['report'] })
    expect(flows).toEqual([dependencyAudit])
  })

  it('finds what there is to review', async () => {
    const { status, errors, report, started, retried, context } = await run({ root: mixed })

    expect({ status, errors }).toEqual({ status: 'completed', errors: undefined })
    const { markdown, ...facts } = report
    expect(facts).toEqual({
      packages: 53,
      totalMb: 1.75,
      licences: { 'BSD-2-Clause': 1, 'GPL-3.0-only': 1, 'GPL-3.0-only OR MIT': 1, ISC: 2, MIT: 47 },
      unknownLicences: ['broken@unknown'],
      duplicates: [{ name: 'beta', versions: ['1.9.0', '1.10.0'] }],
      installScripts: [
        { package: '@scope/gamma@0.1.0', runs: ['postinstall: node setup.js'] },
        { package: 'delta@2.0.0', runs: ['install: node-gyp rebuild'] },
      ],
      compromised: ['chalk@5.6.1'],
      largest: [
        { package: 'alpha@1.0.0', mb: 1.75 },
        { package: 'delta@2.0.0', mb: 0 },
        { package: '@scope/gamma@0.1.0', mb: 0 },
        { package: 'beta@1.10.0', mb: 0 },
        { package: 'chalk@5.6.1', mb: 0 },
      ],
      verdict: 'needs review',
      reasons: [
        'chalk@5.6.1 is known to be malicious',
        'GPL-3.0-only is not allowed: chalk@5.6.1',
        'the licence is unknown: broken@unknown',
      ],
    })
    expect(markdown).toContain(
      '# Dependency audit: needs review\n\n53 packages, 1.75 MB. 3 things for a person',
    )
    expect(markdown).toContain('## More than one version\n\n- beta: 1.9.0, 1.10.0\n')
    expect(markdown).toContain('- delta@2.0.0: `install: node-gyp rebuild`\n')

    expect(started('list')).toBe(1)
    expect(started('scan')).toBe(3)
    expect(started('verdict')).toBe(1)
    expect(started('report')).toBe(1)
    expect({ approve: started('approve'), review: started('review') }).toEqual({ approve: 0, review: 1 })
    expect(context).not.toHaveProperty('approve')

    expect(started('advisories')).toBe(1)
    expect(retried('advisories')).toBe(1)
    expect(context.advisoryAttempts).toBe(2)
  })

  it('approves what is within the policy', async () => {
    const { status, report, started, context } = await run({ root: harmless })

    expect(status).toBe('completed')
    expect(report).toMatchObject({ packages: 50, licences: { MIT: 50 }, verdict: 'approved', reasons: [] })
    expect(report.markdown).toContain('Everything is within the policy.')
    // Two full pages take two rounds, not a third that finds nothing.
    expect(started('scan')).toBe(2)
    expect({ approve: started('approve'), review: started('review') }).toEqual({ approve: 1, review: 0 })
    expect(context).not.toHaveProperty('review')
  })

  it('takes a policy, or a part of one', async () => {
    const licence = await run({ root: harmless, policy: { allow: ['ISC'] } })
    expect(licence.report.reasons).toEqual([
      expect.stringMatching(/^MIT is not allowed: harmless-00@1.0.0, /),
    ])

    const size = await run({ root: mixed, policy: { maxTotalMb: 1 } })
    expect(size.report.reasons).toContain('1.75 MB is more than 1 MB')
  })

  it('has one outcome, in whatever order its nodes complete and however many run at once', async () => {
    const { report } = await run({ root: mixed })
    const order = ['licences', 'sizes', 'duplicates', 'scripts', 'advisories']
    for (const slowest of order) {
      const delay: Middleware = {
        beforeNode: async (_, nodeId) => void (nodeId === slowest && (await setTimeout(60))),
      }
      expect((await run({ root: mixed }, [delay])).report).toEqual(report)
    }
    expect((await run({ root: mixed }, [], 1)).report).toEqual(report)
  })

  it('passes nothing between nodes that JSON would lose', async () => {
    const { context } = await run({ root: mixed })
    expect(JSON.parse(JSON.stringify(context))).toStrictEqual(context)
  })

  it('fails where nothing is installed', async () => {
    const { status, errors, started } = await run({ root: folder })
    expect(status).toBe('failed')
    expect(JSON.stringify(errors)).toContain('list')
    expect(started('scan')).toBe(0)
  })

  it('is true of this very project', async () => {
    const root = join(import.meta.dirname, '../..')
    const { status, report, started } = await run({ root })

    expect(status).toBe('completed')
    expect(report.packages).toBe((await listPackages(root)).length)
    expect(report.packages).toBeGreaterThan(100)
    expect(started('scan')).toBe(Math.ceil(report.packages / 25))
    expect(report.licences.MIT).toBeGreaterThan(50)
    expect(report.compromised).toEqual([])
    expect(report.largest).toHaveLength(5)
    expect(report.installScripts.map(({ package: id }) => id)).toContainEqual(
      expect.stringMatching(/^esbuild@/),
    )
    const total = Object.values(report.licences).reduce((sum, packages) => sum + packages, 0)
    expect(total + report.unknownLicences.length).toBe(report.packages)

    const strict = await run({ root, policy: { allow: [] } })
    expect(strict.report.reasons.find((reason) => reason.startsWith('MIT is'))).toMatch(/ flowcraft@\d/)
  })
})

describe('what it reads', () => {
  it('lists scoped and nested packages, and only packages', async () => {
    const found = await listPackages(mixed)
    expect(found.filter((dir) => !dir.includes('harmless'))).toEqual([
      'node_modules/alpha',
      'node_modules/alpha/node_modules/beta',
      'node_modules/beta',
      'node_modules/beta/node_modules/@scope/gamma',
      'node_modules/broken',
      'node_modules/chalk',
      'node_modules/delta',
    ])
  })

  it('counts the bytes of a package without the packages nested in it', async () => {
    const manifest = JSON.stringify({ name: 'alpha', version: '1.0.0', license: 'MIT' })
    expect(await bytesOf(mixed, 'node_modules/alpha')).toBe(1_750_000 + manifest.length)
  })

  it('finds no install script in a package without scripts', async () => {
    expect(await installScripts(mixed, 'node_modules/alpha')).toEqual([])
    expect(await installScripts(mixed, 'node_modules/broken')).toEqual([])
  })

  it.each([
    [{ license: 'MIT' }, { expression: 'MIT' }],
    [{ license: ' (MIT OR Apache-2.0) ' }, { expression: 'MIT OR Apache-2.0' }],
    [{ license: '(MIT AND (BSD-3-Clause OR ISC))' }, { expression: '(MIT AND (BSD-3-Clause OR ISC))' }],
    [{ license: { type: 'Apache 2.0', url: 'https://example.com' } }, { expression: 'Apache-2.0' }],
    [{ licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }] }, { expression: 'MIT OR GPL-2.0' }],
    [{ license: ['MIT', 'ISC'] }, { expression: 'MIT OR ISC' }],
    [{ license: 'SEE LICENSE IN ./LICENCE.md' }, { file: 'LICENCE.md' }],
    [{ license: 'UNLICENSED' }, { expression: 'UNLICENSED' }],
    [{ license: 'do what you like' }, {}],
    [{ license: '' }, {}],
    [{ license: 7 }, {}],
    [{ license: null }, {}],
    [{}, {}],
  ])('reads the licence in %j', (manifest, licence) => {
    expect(declaredLicence(manifest)).toEqual(licence)
  })

  it.each([
    ['MIT', true],
    ['mit', true],
    ['GPL-3.0-only', false],
    ['GPL-3.0-only OR MIT', true],
    ['GPL-3.0-only AND MIT', false],
    ['ISC OR GPL-3.0-only AND MIT', true],
    ['(ISC OR GPL-3.0-only) AND (MIT OR GPL-2.0-only)', true],
    ['(MIT AND (GPL-3.0-only OR GPL-2.0-only))', false],
    ['MIT WITH Some-exception', true],
    ['MIT MIT', false],
    ['(MIT', false],
    ['', false],
  ])('holds %j against a policy', (expression, allowed) => {
    expect(isAllowed(expression, ['MIT', 'ISC'])).toBe(allowed)
  })

  it.each([
    ['Permission is hereby granted, free of charge, to any person obtaining a copy of', 'MIT-0'],
    [
      'to any person obtaining a copy of\n... The above copyright notice and this\n  permission notice shall',
      'MIT',
    ],
    ['Permission to use, copy, modify, and/or distribute this software for any purpose', '0BSD'],
    ['Permission to use, copy, modify, and distribute this, provided that the above copyright notice', 'ISC'],
    [BSD_2, 'BSD-2-Clause'],
    [`${BSD_2} ... may be used to endorse or promote products`, 'BSD-3-Clause'],
    ['Apache License\n      Version 2.0, January 2004', 'Apache-2.0'],
    ['All rights reserved.', undefined],
  ])('recognises the licence in %j', (text, licence) => {
    expect(recogniseLicence(text)).toBe(licence)
  })
})
