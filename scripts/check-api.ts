/**
 * The public API, an entry of the package at a time. `api/` has what each exports, so that a review sees what changes: where that
 * is not what the code says this fails, and `--write` writes it. Each type that a public signature names is exported, by its entry
 * or by the main one, so that users can name it. Needs a build: `npm run api -- --write`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, type ExtractorMessage } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('../', import.meta.url))
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { readonly types: string } | string>
}

const write = process.argv.includes('--write')
const reports = join(root, 'api')
const work = mkdtempSync(join(tmpdir(), 'flowcraft-api-'))
mkdirSync(reports, { recursive: true })

interface Found {
  /** Types that are named and not exported. */
  readonly missing: readonly string[]
  readonly changed: boolean
}

function look(types: string, reportFileName: string): Found {
  const missing: string[] = []
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable'],
            skipLibCheck: true,
            types: ['node'],
          },
          include: [types],
        },
      },
      apiReport: { enabled: true, reportFileName, reportFolder: reports, reportTempFolder: work },
      newlineKind: 'lf',
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: { 'ae-forgotten-export': { logLevel: 'warning' as never } } },
    },
    configObjectFullPath: join(root, 'package.json'),
    packageJsonFullPath: join(root, 'package.json'),
  })
  const { apiReportChanged: changed } = Extractor.invoke(config, {
    localBuild: write,
    messageCallback(message: ExtractorMessage) {
      message.handled = true
      if (message.messageId === 'ae-forgotten-export') missing.push(message.text)
      else if (message.category === 'Compiler') missing.push(message.text)
    },
  })
  return { missing, changed }
}

const main = readFileSync(join(root, 'dist/lib/index.d.ts'), 'utf8')
for (const [entry, target] of Object.entries(entries)) {
  if (typeof target === 'string') continue
  const report = `${entry === '.' ? 'flowcraft-aws' : basename(entry)}.api.md`
  const { missing, changed } = look(target.types, report)
  if (changed && !write) {
    console.error(
      `${entry}: api/${report} is not what the code exports: npm run api -- --write, and look at the difference`,
    )
    process.exitCode = 1
  }
  for (const text of missing) {
    const name = /"(\w+)"/.exec(text)?.[1]
    if (name !== undefined && entry !== '.' && new RegExp(`\\b${name}\\b`).test(main)) continue
    console.error(`${entry}: ${text}`)
    process.exitCode = 1
  }
}
rmSync(work, { recursive: true })
