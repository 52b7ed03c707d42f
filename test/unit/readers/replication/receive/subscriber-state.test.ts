/** What is told of a peer that is followed, mode by mode. */
import { describe, expect, it } from 'vitest'
import type { Hearing } from '../../../../../src/readers/replication/talk/hearing.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { stateOf } from '../../../../../src/readers/replication/receive/subscriber-state.ts'

const hearing = { last: undefined, silentForMs: () => 0 } as unknown as Hearing
const session = { isReceiving: false } as unknown as Session

describe('a peer without a session', () => {
  it.each(['normal', 'resync', 'held'] as const)('is cut, also in the mode %s', (mode) => {
    expect(stateOf({ mode, session: undefined, hearing, position: 0 })).toBe('cut')
  })

  it('stays refused: its session was ended for that', () => {
    expect(stateOf({ mode: 'refused', session: undefined, hearing, position: 0 })).toBe('refused')
  })
})

describe('a peer with a session', () => {
  it.each(['resync', 'held', 'refused'] as const)('is in the mode %s', (mode) => {
    expect(stateOf({ mode, session, hearing, position: 0 })).toBe(mode)
  })

  it('is unknown until it has said something', () => {
    expect(stateOf({ mode: 'normal', session, hearing, position: 0 })).toBe('unknown')
  })
})
