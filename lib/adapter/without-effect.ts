/** What users of Flowcraft's own SQS adapter bring along, and what has no effect here: said once, when a worker is made. */
import { BaseDistributedAdapter } from 'flowcraft'

const OPTIONS = ['contextTableName', 'statusTableName', 'coordinationStore'] as const

/** Hooks of the base class whose place the run protocol has taken. */
const HOOKS = [
  'createContext',
  'enqueueJob',
  'handleJob',
  'processJobs',
  'handleNodeCompletion',
  'isReadyForFanIn',
  'shouldRetryInProcess',
  'getQueueRetryOptions',
  'calculateResumedFrontier',
  'writePoisonPillForSuccessors',
] as const

type Prototype = Readonly<Record<string, unknown>>

/** Options of the other adapter, and hooks that a subclass of `own` overrides, which nobody looks at. */
export function withoutEffect(options: object, adapter: object, own: object): string[] {
  const given = OPTIONS.filter((name) => Object.hasOwn(options, name)).map((name) => `option ${name}`)
  const base = BaseDistributedAdapter.prototype as unknown as Prototype
  const overridden = HOOKS.filter((name) => {
    const hook = (adapter as Prototype)[name]
    return hook !== (own as Prototype)[name] && hook !== base[name]
  })
  return [...given, ...overridden.map((name) => `method ${name}`)].map(
    (what) => `${what} has no effect here; see docs/migrating.md`,
  )
}
