/** Names that a project gets from its folder. */
import { basename } from 'node:path'

/** Packages that a project depends on cannot be its own name: npm refuses that. */
const TAKEN =
  /^(flowcraft|flowcraft-aws|aws-cdk|aws-cdk-lib|constructs|node_modules|favicon\.ico|vitest|valibot)$/

/** A name that npm takes: small letters, digits, and `-._` within, 214 at most. */
export function packageNameOf(directory: string): string {
  const name = basename(directory)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .slice(0, 200)
    .replaceAll(/^[-._]+|[-._]+$/g, '')
  if (name === '') return 'flows'
  return TAKEN.test(name) ? `${name}-app` : name
}

/** A name that CloudFormation takes: letters and digits, a letter first, 128 at most. */
export function stackIdOf(packageName: string): string {
  const words = packageName.split(/[^a-z0-9]+/).filter((word) => word !== '')
  const id = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join('')
  return (/^[A-Z]/.test(id) ? id : `Flows${id}`).slice(0, 100)
}
