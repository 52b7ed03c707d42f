/** What is told of a peer that is followed, mode by mode. */
import { describe, expect, it } from 'vitest'
import type { PeerState } from '../../../../../src/readers/replication/talk/peer-state.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { stateOf } from '../../../../../src/readers/replication/receive/subscriber-state.ts'

const peerState = { last: undefined, silentForMs: () => 0 } as unknown as PeerState
const session = { isReceiving: false } as unknown as Session

describe('a peer without a session', () => {
  it.each(['normal', 'resync', 'held'] as const)('is cut, also in the mode %s', (linkState) => {
    expect(stateOf({ linkState, session: undefined, peerState, position: 0 })).toBe('cut')
  })

  it('stays refused: its session was ended for that', () => {
    expect(stateOf({ linkState: 'refused', session: undefined, peerState, position: 0 })).toBe('refused')
  })
})

describe('a peer with a session', () => {
  it.each(['resync', 'held', 'refused'] as const)('is in the mode %s', (linkState) => {
    expect(stateOf({ linkState, session, peerState, position: 0 })).toBe(linkState)
  })

  it('is unknown until it has said something', () => {
    expect(stateOf({ linkState: 'normal', session, peerState, position: 0 })).toBe('unknown')
  })
})
