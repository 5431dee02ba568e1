/**
 * Lint rules of this repository, for oxlint (`jsPlugins` in .oxlintrc.json). oxlint has no `require-atomic-updates`.
 */

/**
 * `sum += await next()` reads `sum`, waits, and then writes what it read plus the result: whatever others added
 * meanwhile is lost. Await first, then add.
 */
const noStaleUpdate = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const report = (node) =>
      context.report({
        node,
        message:
          'The value is read before the await and written after it: what others wrote meanwhile is lost.',
      })
    return {
      AssignmentExpression(node) {
        if (LOGICAL.has(node.operator)) return
        const target = context.sourceCode.getText(node.left)
        const isStale =
          node.operator === '='
            ? readsBeforeAwait(node.right, target, context.sourceCode)
            : [...within(node.right)].some(isAwait)
        if (isStale) report(node)
      },
    }
  },
}

/** `memo ??= await make()` writes nothing that depends on what it read. */
const LOGICAL = new Set(['??=', '||=', '&&='])
/** What is assigned is made of parts, of which the old value may be one. */
const COMPOSED = new Set(['BinaryExpression', 'ArrayExpression', 'ObjectExpression', 'TemplateLiteral'])
const FUNCTIONS = new Set(['FunctionExpression', 'ArrowFunctionExpression', 'FunctionDeclaration'])

/** The nodes of an expression in the order of their text, without those of functions inside it. */
function* within(node) {
  yield node
  if (FUNCTIONS.has(node.type)) return
  for (const [key, child] of Object.entries(node)) {
    if (key === 'parent') continue
    for (const one of Array.isArray(child) ? child : [child]) {
      if (typeof one?.type === 'string') yield* within(one)
    }
  }
}

const isAwait = ({ type }) => type === 'AwaitExpression'

/** `sum = sum + (await next())`, `list = [...list, await next()]`. */
function readsBeforeAwait(right, target, sourceCode) {
  if (!COMPOSED.has(right.type)) return false
  const nodes = [...within(right)]
  const read = nodes.find(
    (one) =>
      (one.type === 'Identifier' || one.type === 'MemberExpression') && sourceCode.getText(one) === target,
  )
  const wait = nodes.findLast(isAwait)
  return read !== undefined && wait !== undefined && read.range[0] < wait.range[0]
}

export default {
  meta: { name: 'flowcraft-aws' },
  rules: { 'no-stale-update': noStaleUpdate },
}
