import { describe, expect, it } from 'vitest'
import { errorText } from '../../console/src/run/node/error-text.ts'
import { eventWords } from '../../console/src/run/timeline/event-words.ts'

describe('what happened, in words', () => {
  it('says what a node did', () => {
    const completed = { type: 'nodeCompleted', durationMs: 120, action: 'yes', next: ['ship', 'mail'] }
    expect(eventWords(completed)).toEqual({
      what: 'completed',
      tone: 'good',
      more: "120 ms, 'yes', then ship, mail",
    })
    expect(eventWords({ type: 'nodeStarted', attempt: 1 }).what).toBe('started')
    expect(eventWords({ type: 'nodeStarted', attempt: 3 }).what).toBe('started, try 3')
    expect(eventWords({ type: 'nodeWaits', reason: 'timer' })).toMatchObject({
      what: 'waits for a time',
      tone: 'wait',
    })
  })

  it('says what was wrong', () => {
    const error = { name: 'TypeError', message: 'no bank' }
    expect(eventWords({ type: 'nodeRetried', attempt: 2, error })).toEqual({
      what: 'try 2 failed',
      tone: 'bad',
      more: 'TypeError: no bank',
    })
    expect(eventWords({ type: 'itemFailed', item: 7, error }).what).toBe('item 7 failed')
    expect(eventWords({ type: 'nodeFellBack', fallback: 'letter', error }).what).toBe(
      'failed, letter stands in',
    )
    expect(eventWords({ type: 'runEnded', status: 'failed' }).tone).toBe('bad')
    expect(eventWords({ type: 'runEnded', status: 'completed' }).tone).toBe('good')
  })

  it('says who it was, and why', () => {
    const operation = { type: 'operation', kind: 'redrive', by: 'Ada', reason: 'the bank answers' } as const
    expect(eventWords(operation)).toMatchObject({ what: 'redrive', more: 'by Ada: the bank answers' })
    expect(eventWords({ type: 'nodeResumed', action: 'yes' }).what).toBe("was given 'yes'")
  })

  it('shows what it does not know as it is', () => {
    expect(eventWords({ type: 'nodeDreamed' }).what).toBe('nodeDreamed')
  })
})

describe('an error to copy', () => {
  it('has its stack and its causes', () => {
    const cause = { name: 'Error', message: 'ECONNRESET', stack: 'Error: ECONNRESET\n    at tcp' }
    expect(errorText({ name: 'MailError', message: 'not sent', cause })).toBe(
      'MailError: not sent\ncaused by Error: ECONNRESET\n    at tcp',
    )
  })

  it('says of which item it is', () => {
    expect(errorText({ message: 'bad', item: 3 })).toBe('item 3: bad')
    expect(errorText({ message: 'bad', stack: '    at x' })).toBe('bad\n    at x')
  })
})
