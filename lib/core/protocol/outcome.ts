/** How an activation ended, and what its commit may do about it: the words of the state machine. Types only. */
import type { NodeResult } from 'flowcraft'
import type { MaxActivations } from './bounds.ts'
import type { Change } from './change.ts'
import type { ActivationKey, Outbox, Wait } from './run-state.ts'

/** How the execution of an activation ended. */
export type Outcome =
  /** The node returned; `matched` are the targets of the edges it takes. */
  | {
      readonly kind: 'completed'
      readonly result: NodeResult
      readonly matched: readonly number[]
      /** Nodes of its own making that failed. @default 0 */
      readonly errors?: number
      /** Nodes that are to stand in for nodes of its own making; undefined where none failed with a fallback. */
      readonly standIns?: readonly number[]
    }
  /** The node failed and names another one to stand in for it. */
  | { readonly kind: 'fallback'; readonly fallback: number }
  | {
      readonly kind: 'failed'
      /** @default 1 */
      readonly errors?: number
      /** The node itself has completed, and nothing follows: items of its batch failed. @default false */
      readonly completes?: boolean
      /** As where it completed. */
      readonly standIns?: readonly number[]
    }
  /** The node ran and waits. */
  | { readonly kind: 'suspended'; readonly wait: Wait }

export interface TransitionOptions {
  /** Whether the same invocation may carry on at this node where exactly one follows: it has time, and it is its pool's. */
  readonly inline: (node: number) => boolean
  /** The activation that the message being worked on names. */
  readonly strand: ActivationKey
  /** Milliseconds since the epoch. */
  readonly now: number
  /** A run that would pass them ends. */
  readonly bounds: Required<MaxActivations>
  /** Whether a run that would end as failed is paused in place of that. @default false */
  readonly pausesFailed?: boolean
  /** The outbox entry that the end of the run leaves. */
  readonly outbox?: Outbox
}

export type CoreChange = Omit<Change, 'inlineValues' | 'offloaded' | 'pack'>
