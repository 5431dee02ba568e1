/** Swaps the code of a function that runs, and moves its aliases to it. */
import type { LocalStack } from '../../local/index.ts'

export async function replaceCode(stack: LocalStack, logicalId: string, folder: string): Promise<void> {
  const fn = stack.function(logicalId)
  await fn.replaceCode({ folder })
  for (const { type, ref } of Object.values(stack.resources)) {
    if (type !== 'AWS::Lambda::Alias' || !ref.startsWith(`${fn.arn}:`)) continue
    fn.alias(ref.slice(fn.arn.length + 1))?.update({ version: fn.publishVersion().version })
  }
}
