import { describe, expect, it } from 'vitest'
import { attemptName } from '../../../lib/core/protocol/attempt.ts'

const first = { lease: 1, strand: 'own', suspensions: 0, reruns: 0 } as const

describe('the name of an attempt', () => {
  // Values that runs under way have stored are found under these.
  it('keeps the form of earlier versions', () => {
    expect(attemptName(first)).toBe('1')
    expect(attemptName({ ...first, lease: 3, strand: 'carried-on' })).toBe('500003')
    expect(attemptName({ ...first, lease: 2, suspensions: 4 })).toBe('4000002')
    expect(attemptName({ ...first, reruns: 2 })).toBe('1.2')
    expect(attemptName({ ...first, reruns: 2 }, 'unstorable')).toBe('1.2.0.0')
    expect(attemptName(first, 'uncommitted')).toBe('1.0.1')
    expect(attemptName(first, 'givenUp')).toBe('1.0.2')
  })

  it('tells what ran ahead of the header apart: another strand may carry on there under a lease of the same number', () => {
    const ahead = { ...first, strand: 'carried-on', ahead: { seq: 7, steps: 2 } } as const
    expect(attemptName(ahead)).toBe('02.7.500001')
    expect(attemptName({ ...ahead, reruns: 3 }, 'unstorable')).toBe('02.7.500001.3.0.0')
  })

  it('is no other attempt’s', () => {
    const places = [
      undefined,
      { seq: 0, steps: 1 },
      { seq: 1, steps: 1 },
      { seq: 1, steps: 10 },
      { seq: 10, steps: 1 },
    ]
    const attempts = [1, 2, 499_999].flatMap((lease) =>
      (['own', 'carried-on'] as const).flatMap((strand) =>
        [0, 1, 7].flatMap((suspensions) =>
          [0, 1, 5].flatMap((reruns) =>
            places.map((ahead) => ({ lease, strand, suspensions, reruns, ahead })),
          ),
        ),
      ),
    )
    const all = attempts.flatMap((attempt) =>
      ([undefined, 'unstorable', 'uncommitted', 'givenUp'] as const).map((ending) =>
        attemptName(attempt, ending),
      ),
    )
    expect(new Set(all).size).toBe(all.length)
  })
})
