/**
 * Names and texts of stored values. A value that is small stands in the header as an *inline value*: a name and a text that
 * says which activation wrote it and holds it or points to it. Pure.
 *
 *   o17      output of node 17                 i20.17   input of node 20 as the edge from 17 transformed it
 *   x17.3    error of the third iteration      f20      number of the node whose edge gave node 20 its input last
 *   g17.3    where that one was when it failed (`failed-at.ts`)
 *   k20.17   what 17 gave 20 in an earlier round of a loop, kept as its output since then was not given
 *   b17      the batch that node 17 waits for
 *   c17.3    what the child run of activation 17.3 starts with
 *   :key     a key that user code set
 *   m17.3    many such keys that activation 17.3 set together (`bundle.ts`); m: those of the run's input
 *
 *   17.3=text   the value, written by activation 17.3        17.3u   undefined        17.3-   deleted
 *   17.3@1.0    value 0 of that activation's first attempt, stored on its own (`value-store.ts`)
 *   17.3&12 4 1.0   four buckets of keys, by the commit that made the run's `seq` 12
 *   @8123...    a value of the run's input, stored on its own and named by its content
 *   17.3@1.0~   of the run that this one was forked from; 17.3@1.0~order-7 of the one that that was forked from
 *
 * The writer in front makes each text unique, so that "the inline value as seen" cannot mean an equal one written later.
 */
import { createHash } from 'node:crypto'
import { show } from '../common/thrown.ts'
import type { ActivationKey } from './run-state.ts'

type InlineValueKind = '=' | '@' | 'u' | '-' | '&'

export interface InlineValue {
  /** The activation that wrote it; empty for the start of the run. */
  readonly writer: ActivationKey | ''
  readonly kind: InlineValueKind
  readonly body: string
}

export function formatInlineValue(inlineValue: InlineValue): string {
  return `${inlineValue.writer}${inlineValue.kind}${inlineValue.body}`
}

export function parseInlineValue(text: string): InlineValue {
  const match = /^([\d.]*)([=@u&-])([\s\S]*)$/.exec(text)
  if (!match) throw new Error(`not a inlineValue: ${show(text)}`)
  return {
    writer: match[1] as InlineValue['writer'],
    kind: match[2] as InlineValueKind,
    body: match[3] as string,
  }
}

/** Where a value is that is stored on its own. */
export interface Pointer {
  /** Attempt and number of the value behind its writer. */
  readonly slot: string
  /** What `ValueStore.read` takes. */
  readonly reference: string
  /** The run that has it, where that is another; '' for the one that this run was forked from. */
  readonly of?: string
}

export function parsePointer(body: string): Pointer {
  const match = /^([\d.]+)([^~]*)(?:~(.*))?$/.exec(body)
  if (!match) throw new Error(`no pointer: ${show(body)}`)
  const [, slot, reference, of] = match as unknown as [string, string, string, string | undefined]
  return { slot, reference, ...(of === undefined ? {} : { of }) }
}

/** A text of a run as a fork of it has it. What it points to stays where it is: values are immutable. */
export function inFork(text: string, source: { readonly forkedFrom?: string }): string {
  const value = parseInlineValue(text)
  if (value.kind !== '@') return text
  const { slot, reference, of } = parsePointer(value.body)
  const owner = of === '' ? (source.forkedFrom ?? '') : (of ?? '')
  return formatInlineValue({ ...value, body: `${slot}${reference}~${owner}` })
}

export const names = {
  output: (node: number) => `o${node}`,
  input: (target: number, source: number) => `i${target}.${source}`,
  kept: (target: number, source: number) => `k${target}.${source}`,
  error: (key: ActivationKey, at?: number) => `x${key}${at === undefined ? '' : `-${at}`}`,
  failedAt: (key: ActivationKey) => `g${key}`,
  source: (node: number) => `f${node}`,
  batch: (node: number) => `b${node}`,
  child: (key: ActivationKey) => `c${key}`,
  user: (key: string) => `:${key}`,
  bundle: (key: ActivationKey | '') => `m${key}`,
} as const

/** The activation that made, or is to make, child runs, where a name is that of what they start with. */
export function activationOfChild(name: string): ActivationKey | undefined {
  return /^c(\d+\.\d+)$/.exec(name)?.[1] as ActivationKey | undefined
}

/** Whose error a name is of, and whether it is that of an item, or of a node that the node made. */
export function errorNamed(name: string): { node: number; isMade: boolean } | undefined {
  const match = /^x(\d+)\.\d+(-\d+)?$/.exec(name)
  return match ? { node: Number(match[1]), isMade: match[2] !== undefined } : undefined
}

/** The node whose batch a name is of. */
export function nodeOfBatch(name: string): number | undefined {
  const node = /^b(\d+)$/.exec(name)?.[1]
  return node === undefined ? undefined : Number(node)
}

/** Whether a name is that of a key which user code set. */
export function isUserName(name: string): boolean {
  return name.startsWith(':')
}

/** Whether a name is that of a bundle of keys. It stays in the header, so that whoever has the header knows of it. */
export function isBundle(name: string): boolean {
  return name.startsWith(names.bundle(''))
}

/** Values of neighbouring nodes share a page of up to this many nodes, so that moving them together is one write. */
const NODES_PER_PAGE = 16

/** The page that a value is moved to when the header gets full. */
export function pageOf(name: string): string {
  if (isUserName(name)) return `k${createHash('sha256').update(name).digest('base64url').slice(0, 10)}`
  const perIteration = /^[xgc](\d+)\.(\d+)/.exec(name)
  if (perIteration) {
    const [, ofNode, iteration] = perIteration.map(Number) as [number, number, number]
    return `${Math.floor(ofNode / NODES_PER_PAGE)}.${Math.floor(iteration / NODES_PER_PAGE)}`
  }
  const perSource = /^[ik](\d+)\.(\d+)$/.exec(name)
  if (perSource) {
    // A join may have thousands of sources: its inputs cannot all be in one page.
    const [, target, source] = perSource.map(Number) as [number, number, number]
    return `i${Math.floor(target / NODES_PER_PAGE)}.${Math.floor(source / NODES_PER_PAGE)}`
  }
  const node = Number(/\d+/.exec(name)?.[0] ?? 0)
  return `${Math.floor(node / NODES_PER_PAGE)}`
}
