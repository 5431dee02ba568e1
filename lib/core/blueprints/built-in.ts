/**
 * Which implementations are the engine's own built-in nodes, by whatever way they come: by name, by class, under an
 * alias, in a container, as a subclass, or from a second copy of flowcraft in the same bundle. A subflow and a batch are
 * durable steps of their own here, so the engine's classes, which run them inside one node's execution, must never run.
 */
import {
  BatchGatherNode,
  BatchScatterNode,
  isNodeClass,
  type NodeClass,
  SleepNode,
  SubflowNode,
  WaitNode,
  WebhookNode,
} from 'flowcraft'

export const builtInNames = [
  'wait',
  'sleep',
  'webhook',
  'subflow',
  'batch-scatter',
  'batch-gather',
  'loop-controller',
] as const
export type BuiltInName = (typeof builtInNames)[number]

interface BuiltInClass {
  readonly name: BuiltInName
  readonly implementation: NodeClass
  /**
   * Of a class whose steps do not run here, since something else runs in its place: what only its `exec` says, all of it,
   * and a bundler keeps.
   */
  readonly marks?: readonly string[]
}

const classes: readonly BuiltInClass[] = [
  { name: 'wait', implementation: WaitNode },
  { name: 'sleep', implementation: SleepNode },
  { name: 'webhook', implementation: WebhookNode },
  { name: 'subflow', implementation: SubflowNode, marks: ['_subflowState.', '.orchestrator'] },
  {
    name: 'batch-scatter',
    implementation: BatchScatterNode,
    marks: ['_currentIndex', '_allWorkerIds', 'workerUsesKey'],
  },
  {
    name: 'batch-gather',
    implementation: BatchGatherNode,
    marks: ['_hasMore', '_allWorkerIds', 'gatherNodeId'],
  },
]

/** The steps of a node class that the engine calls. */
const STEPS = ['prep', 'exec', 'post', 'fallback', 'recover'] as const

/** What an implementation is. */
export type BuiltIn =
  /** The built-in node of this name; of a subclass, whose constructor may say what its params are. */
  | { readonly name: BuiltInName }
  | { readonly name: BuiltInName; readonly subclass: NodeClass }
  /** It cannot be made durable. */
  | { readonly problem: string }

/** Undefined where an implementation is none of the engine's, or a subclass of one that the engine runs here as well. */
export function builtInOf(implementation: unknown): BuiltIn | undefined {
  const below: NodeClass[] = []
  for (let at = implementation; isNodeClass(at); at = Object.getPrototypeOf(at) as unknown) {
    const known = classes.find((one) => isCopy(at as NodeClass, one.implementation))
    if (known) return classify(known, below)
    const like = classes.find((one) => isLike(at as NodeClass, one))
    if (like)
      return { problem: `${nameOf(at as NodeClass)} is a variant of ${theirs(like)}: ${remedy(like)}` }
    below.push(at as NodeClass)
  }
  return undefined
}

function classify(known: BuiltInClass, below: readonly NodeClass[]): BuiltIn | undefined {
  const [subclass] = below
  if (!subclass) return { name: known.name }
  const steps = below.flatMap(({ prototype }) =>
    STEPS.filter((step) => Object.hasOwn(prototype as object, step)),
  )
  // The engine runs it here as it does in memory, with what it adds.
  if (known.marks === undefined)
    return steps.length === 0 && isPlain(below) ? { name: known.name } : undefined
  if (steps.length === 0) return { name: known.name, subclass }
  const own = `its own ${[...new Set(steps)].join(', ')}`
  return { problem: `${nameOf(subclass)} is a subclass of ${theirs(known)} with ${own}: ${remedy(known)}` }
}

/** Whether the engine's class does the same in place of these: no constructor and no fields of their own. */
function isPlain(below: readonly NodeClass[]): boolean {
  return below.every((one) => /^class\s*[\w$]*\s*extends\s[^{]+\{\s*\}$/.test(sourceOf(one)))
}

function theirs({ implementation }: BuiltInClass): string {
  return `flowcraft's ${nameOf(implementation)}`
}

function nameOf({ name }: { readonly name: string }): string {
  return name || 'a class without a name'
}

function remedy({ name }: BuiltInClass): string {
  const what =
    name === 'subflow' ? 'a subflow is a run of its own' : 'each item of a batch is a message of its own'
  return `on AWS ${what}, so this code would not run; use '${name}', and put what it adds into nodes before or after it`
}

/** The class itself, or the same from another copy of the package. */
function isCopy(candidate: NodeClass, original: NodeClass): boolean {
  if (candidate === original) return true
  const [own, others] = [candidate, original].map(({ prototype }) =>
    Object.getOwnPropertyNames(prototype as object).toSorted(),
  ) as [string[], string[]]
  if (own.join() !== others.join()) return false
  return own.every((step) => step === 'constructor' || skeleton(candidate, step) === skeleton(original, step))
}

/** Perhaps another version's, or written after it. */
function isLike(candidate: NodeClass, { marks }: BuiltInClass): boolean {
  if (marks === undefined || !Object.hasOwn(candidate.prototype as object, 'exec')) return false
  return marks.every((mark) => stepOf(candidate, 'exec').includes(mark))
}

/** What a bundler leaves of a method: the properties that it names, in their order. Variables get other names. */
function skeleton(candidate: NodeClass, step: string): string {
  return (stepOf(candidate, step).match(/\.[A-Za-z_]\w*/g) ?? []).join('')
}

function stepOf({ prototype }: NodeClass, step: string): string {
  return sourceOf((prototype as Record<string, unknown>)[step])
}

function sourceOf(code: unknown): string {
  return Function.prototype.toString.call(code)
}

/**
 * The params that a subclass gives its nodes: its constructor may change those of the blueprint.
 * @throws whatever the constructor throws
 */
export function paramsOf(
  subclass: NodeClass,
  params: Record<string, unknown> | undefined,
  nodeId: string,
): Record<string, unknown> | undefined {
  const { params: own } = new subclass({ ...params }, nodeId) as unknown as {
    params?: Record<string, unknown>
  }
  return own === undefined || (params === undefined && Object.keys(own).length === 0) ? params : own
}

/** The subclass with the durable step in place of the engine's: its constructor may say what its params are. */
export function withDurableStep(subclass: NodeClass, durable: NodeClass): NodeClass {
  const Durable = class extends (subclass as new () => object) {} as unknown as NodeClass
  Durable.prototype.exec = durable.prototype.exec as unknown
  return Durable
}
