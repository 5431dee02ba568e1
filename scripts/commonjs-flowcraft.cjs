/**
 * Flowcraft for the CommonJS of this package (scripts/build-commonjs.ts). It is an ES module only, and says so to `require`.
 * A program must not get two of it: first comes the one that the program's own flows have, and the copy inside only where
 * nothing can be had by `require`, so that the program can make no flow.
 */
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

function installed() {
  try {
    // Jest that was told where it is, and what it is to be transformed to.
    return require('flowcraft')
  } catch {
    return byPath()
  }
}

/** Node.js requires an ES module by its file, and gives the one that `import` gives. */
function byPath() {
  for (const folder of require.resolve.paths('flowcraft') ?? []) {
    try {
      const { exports } = JSON.parse(readFileSync(join(folder, 'flowcraft/package.json'), 'utf8'))
      return require(join(folder, 'flowcraft', exports['.'].import))
    } catch {
      // Not there, or nothing that this loader can require.
    }
  }
}

module.exports = installed() ?? require('../node_modules/flowcraft/dist/index.mjs')
