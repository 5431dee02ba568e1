/** Each type that a public signature names is exported, by its entry or by the main one, so that users can name it. Needs a build. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, type ExtractorMessage } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('../', import.meta.url))
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { readonly types: string } | string>
}

function missingFrom(types: string): string[] {
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
      apiReport: { enabled: false },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: { 'ae-forgotten-export': { logLevel: 'warning' as never } } },
    },
    configObjectFullPath: join(root, 'package.json'),
    packageJsonFullPath: join(root, 'package.json'),
  })
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message: ExtractorMessage) {
      message.handled = true
      if (message.messageId === 'ae-forgotten-export') missing.push(message.text)
      else if (message.category === 'Compiler') missing.push(message.text)
    },
  })
  return missing
}

const main = readFileSync(join(root, 'dist/lib/index.d.ts'), 'utf8')
for (const [entry, target] of Object.entries(entries)) {
  if (typeof target === 'string') continue
  for (const text of missingFrom(target.types)) {
    const name = /"(\w+)"/.exec(text)?.[1]
    if (name !== undefined && entry !== '.' && new RegExp(`\\b${name}\\b`).test(main)) continue
    console.error(`${entry}: ${text}`)
    process.exitCode = 1
  }
}
