/** Objects that have nothing but keys, which is what a run's input must be. Pure. */
import { show } from './thrown.ts'

/**
 * What is wrong with the `input` of a run. A Map, a Date or an instance of a class has no keys of its own to become the
 * context's, or others than it shows: it would be taken for `{}`.
 */
export function inputProblem(input: unknown): string | undefined {
  if (input === undefined || isPlainObject(input)) return undefined
  const got =
    typeof input === 'object' && input !== null && !Array.isArray(input) ? kindOf(input) : show(input)
  return `input must be a plain object, whose keys become the context's; got ${got}`
}

/** Also one of another realm, or without a prototype. */
export function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return true
  return (
    Object.getPrototypeOf(prototype) === null && Object.prototype.toString.call(value) === '[object Object]'
  )
}

function kindOf(value: object): string {
  const { constructor } = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } }
  const name = typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'a class'
  return `an instance of ${name}`
}
