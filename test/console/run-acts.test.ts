import { describe, expect, it } from 'vitest'
import type { NodeProgressView, RunStatusView } from '../../lib/console/views.ts'
import { actionsOf, nodeActs, runActs } from '../../console/src/run/acts/available.ts'
import { dollars, json, patched, patchProblem } from '../../console/src/run/acts/parse.ts'

const waiting: NodeProgressView = {
  nodeId: 'approve',
  state: 'waiting',
  waiting: { nodeId: 'approve', reason: 'external_event' },
}
const retrying: NodeProgressView = {
  nodeId: 'charge',
  state: 'waiting',
  waiting: { nodeId: 'charge', reason: 'retry' },
}
const failed: NodeProgressView = { nodeId: 'charge', state: 'failed' }
const completed: NodeProgressView = { nodeId: 'receive', state: 'completed' }

function ofRun(status: RunStatusView, ...progress: readonly NodeProgressView[]) {
  return runActs({ status, progress })
}

describe('what can be done to a run', () => {
  it('follows from how it stands', () => {
    expect(ofRun('running')).toEqual(['pause', 'cancel'])
    expect(ofRun('awaiting', waiting)).toEqual(['resume', 'pause', 'cancel'])
    expect(ofRun('paused', waiting)).toEqual(['unpause', 'resume', 'cancel'])
    expect(ofRun('failed', failed)).toEqual(['redrive', 'fork'])
    expect(ofRun('cancelled')).toEqual(['redrive', 'fork'])
    expect(ofRun('completed', completed)).toEqual(['fork'])
  })

  it('is less for a node', () => {
    expect(nodeActs({ status: 'awaiting' }, waiting)).toEqual(['resume', 'skip'])
    expect(nodeActs({ status: 'running' }, retrying)).toEqual(['skip'])
    expect(nodeActs({ status: 'failed' }, failed)).toEqual(['redrive', 'fork', 'skip'])
    expect(nodeActs({ status: 'failed' }, completed)).toEqual(['redrive', 'fork'])
    expect(nodeActs({ status: 'completed' }, completed)).toEqual(['fork'])
    expect(nodeActs({ status: 'running' }, completed)).toEqual([])
    expect(nodeActs({ status: 'failed' }, { nodeId: 'x', state: 'notRun' })).toEqual([])
  })

  it('has the actions of the edges that lead away from a node', () => {
    const graph = {
      blueprintId: 'order',
      nodes: [],
      edges: [
        { source: 'approve', target: 'ship', action: 'yes' },
        { source: 'approve', target: 'mail', action: 'yes' },
        { source: 'approve', target: 'refund', action: 'no' },
        { source: 'other', target: 'refund', action: 'else' },
      ],
    }
    expect(actionsOf(graph, 'approve')).toEqual({ actions: ['yes', 'no'], hasPlain: false })
    expect(actionsOf(graph, 'last')).toEqual({ actions: [], hasPlain: true })
    const plain = { ...graph, edges: [...graph.edges, { source: 'approve', target: 'log' }] }
    expect(actionsOf(plain, 'approve').hasPlain).toBe(true)
  })
})

describe('what somebody types', () => {
  it('is JSON, nothing, or wrong', () => {
    expect(json('{"a":1}')).toEqual({ value: { a: 1 } })
    expect(json('null')).toEqual({ value: null })
    expect(json('  ')).toEqual({})
    expect(json('{a}').error).toMatch(/^Not JSON/)
  })

  it('is a sum of dollars', () => {
    expect(dollars('0.5')).toEqual({ value: 0.5 })
    expect(dollars('')).toEqual({})
    for (const text of ['0', '-1', 'much', 'Infinity']) expect(dollars(text).error).toBeDefined()
  })

  it('sets context keys, each once', () => {
    expect(patched([])).toEqual({})
    expect(patched([{ key: '', text: ' ' }])).toEqual({})
    expect(patched([{ key: ' currency ', text: '"EUR"' }])).toEqual({ value: { currency: 'EUR' } })
    const twice = [
      { key: 'a', text: '1' },
      { key: 'a', text: '2' },
    ]
    expect(patched(twice).error).toContain("'a'")
    expect(patched([{ key: 'a', text: 'EUR' }]).error).toMatch(/^Not JSON/)
    expect(patchProblem({ key: '', text: '1' })).toBe('Which key?')
    expect(patchProblem({ key: 'a', text: '' })).toContain('Which value?')
  })

  it('may name a key as it likes', () => {
    const { value } = patched([{ key: '__proto__', text: '1' }])
    expect(Object.keys(value ?? {})).toEqual(['__proto__'])
  })
})
