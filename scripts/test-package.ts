/** Packs the package, installs it as users would, in projects of each kind that they have, and tries the quick start there. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testOlderTemplate, testTemplate } from './package-test/cdk-init.ts'
import { testDev } from './package-test/dev.ts'
import { testEsModule } from './package-test/es-module.ts'
import { testExamples } from './package-test/examples.ts'
import { pack } from './package-test/folder.ts'
import { testInit } from './package-test/init.ts'
import { testEmptyFolder } from './package-test/readme.ts'

const KINDS = {
  'es-module': testEsModule,
  'empty-folder': testEmptyFolder,
  init: testInit,
  examples: testExamples,
  dev: testDev,
  'cdk-init': testTemplate,
  'older-cdk-init': testOlderTemplate,
}

const folder = mkdtempSync(join(tmpdir(), 'flowcraft-package-'))
try {
  const tarball = pack(folder)
  const asked = process.argv.slice(2)
  for (const [kind, test] of Object.entries(KINDS)) {
    if (asked.length > 0 && !asked.includes(kind)) continue
    console.log(`\n${kind}`)
    // Named as the README's app, since `cdk init` names its files by the folder.
    const project = join(folder, kind, 'shop')
    mkdirSync(project, { recursive: true })
    await test(project, tarball)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
