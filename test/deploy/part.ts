/** What each part of the exercise of a deployed service is given. */
import { randomBytes } from 'node:crypto'
import type { Service, ServiceOptions } from './service.ts'
import type { Steps } from './steps.ts'

export interface ExerciseOptions extends ServiceOptions {
  readonly steps: Steps
  /** Whether the sweep is invoked by the test instead of awaited from its schedule. @default false */
  readonly invokesSweep?: boolean
}

export interface Exercise extends ExerciseOptions {
  readonly service: Service
  /** The run of an order that is paid, and of one that is not. */
  readonly paid: string
  readonly declined: string
}

/** More than an item of the table takes (400 KB), also when it is compressed. */
export const LARGE_CHARACTERS = 1_000_000

/** Random, so that compression does not make it small after all. */
export function large(): string {
  return randomBytes(LARGE_CHARACTERS / 2).toString('hex')
}
