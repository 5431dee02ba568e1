/** The job queues of a service. */
import * as v from 'valibot'
import { environmentVariables } from '../../core/common/environment.ts'
import type { Service } from '../service.ts'

export interface Queue {
  /** The pool's, or 'default'. */
  readonly pool: string
  readonly url: string
}

const pools = v.record(v.string(), v.object({ queueUrl: v.string() }))

/** The default one, and those of pools. */
export function queuesOf({ environment }: Service): Queue[] {
  const url = environment[environmentVariables.queueUrl] ?? ''
  const text = environment[environmentVariables.pools]
  const others = text === undefined ? {} : v.parse(pools, JSON.parse(text))
  const named = Object.entries(others).map(([pool, { queueUrl }]) => ({ pool, url: queueUrl }))
  return [{ pool: 'default', url }, ...named]
}

export function nameOf({ pool }: Queue): string {
  return pool === 'default' ? 'queue' : `queue of pool ${pool}`
}
