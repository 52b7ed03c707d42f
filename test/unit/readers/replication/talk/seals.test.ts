import { describe, expect, it } from 'vitest'
import { hmacWith } from '../../../../../src/adapters/system/message-key.ts'
import { encodeControl } from '../../../../../src/core/change/control.ts'
import { asUnsigned } from '../../../../../src/core/change/message.ts'
import { NotAuthentic, type Mac } from '../../../../../src/core/change/seal.ts'
import type { MessageKeys } from '../../../../../src/ports/message-keys.ts'
import { Seals, type SealSettings } from '../../../../../src/readers/replication/talk/seals.ts'

const macOf = (name: string): Mac => hmacWith(Buffer.from(name.padEnd(32)))
const keysOf = (known: Record<string, readonly string[]>, lookAgain = () => false): MessageKeys => ({
  of: (region) => (known[region] ?? []).map(macOf),
  lookAgain,
})
const both = keysOf({ us: ['us'], eu: ['eu'] })
const wall = { nowMs: 1_800_000_000_000 }
const sealsOf = (self: string, settings: SealSettings = { keys: both }): Seals =>
  new Seals({ self, clock: { wallMs: () => wall.nowMs }, ...settings })
const pulse = (): Buffer => encodeControl({ say: 'pulse', region: 'us' })

describe('what a region says', () => {
  it('to all, to a peer and in answer is taken there, and nowhere else', () => {
    const [us, eu] = [sealsOf('us'), sealsOf('eu')]
    expect(() => eu.checkFromPeer(us.toAll(pulse()), 'us')).not.toThrow()
    expect(() => eu.checkFromPeer(us.toAll(pulse()), 'eu')).toThrow(NotAuthentic)
    const question = us.toPeer(pulse(), 'eu', false)
    expect(() => eu.checkQuestion(question, 'us')).not.toThrow()
    expect(() => sealsOf('ap').checkQuestion(question, 'us')).toThrow('does not verify')
    const answer = eu.answerTo(question, pulse())
    expect(() => us.checkAnswer(answer, 'eu', question)).not.toThrow()
    expect(() => us.checkAnswer(answer, 'eu', us.toPeer(pulse(), 'eu', false))).toThrow(NotAuthentic)
  })

  it('asks no question twice with the same bytes, also not after a restart', () => {
    const asked = [sealsOf('us'), sealsOf('us', { keys: both })].flatMap((seals, n) => {
      wall.nowMs += n
      return Array.from({ length: 50 }, () => seals.toPeer(pulse(), 'eu', false).toString('hex'))
    })
    wall.nowMs += 1
    asked.push(sealsOf('us').toPeer(pulse(), 'eu', false).toString('hex'))
    expect(new Set(asked.slice(0, 50)).size).toBe(50)
    expect(asked.slice(0, 100)).not.toContain(asked[100])
  })

  it('is refused by a name for what is missing', () => {
    const eu = sealsOf('eu', { keys: keysOf({ eu: ['eu'] }) })
    expect(() => eu.checkFromPeer(sealsOf('us').toAll(pulse()), 'us')).toThrow('does not know the message key of us')
    expect(() => sealsOf('us', { keys: keysOf({}) }).toAll(pulse())).toThrow('no message key of its own')
  })

  it('is taken by both keys of a rotation, and by one that has come since', () => {
    const known: Record<string, readonly string[]> = { us: ['new', 'old'] }
    const eu = sealsOf('eu', { keys: keysOf(known) })
    for (const key of ['old', 'new'])
      expect(() => eu.checkFromPeer(sealsOf('us', { keys: keysOf({ us: [key] }) }).toAll(pulse()), 'us')).not.toThrow()
    const newer = sealsOf('us', { keys: keysOf({ us: ['newer', 'new'] }) }).toAll(pulse())
    expect(() => eu.checkFromPeer(newer, 'us')).toThrow(NotAuthentic)
    const looking = sealsOf('eu', {
      keys: keysOf(known, () => {
        known['us'] = ['newer', 'new']
        return true
      }),
    })
    expect(() => looking.checkFromPeer(newer, 'us')).not.toThrow()
    const old = sealsOf('us', { keys: keysOf({ us: ['old'] }) }).toAll(pulse())
    expect(() => looking.checkFromPeer(old, 'us')).toThrow(NotAuthentic)
  })
})

describe('a message of version 0.1.0', () => {
  const old = asUnsigned(pulse())

  it('is refused, with the option that would admit it', () => {
    for (const settings of [{ keys: both }, {}])
      expect(() => sealsOf('eu', settings).checkFromPeer(old, 'us')).toThrow('--admit-unsigned-peers-until')
  })

  it('is taken until the option ends', () => {
    const eu = sealsOf('eu', { keys: both, admitUnsignedUntilMs: wall.nowMs + 10 })
    expect(() => eu.checkFromPeer(old, 'us')).not.toThrow()
    expect(() => eu.checkQuestion(old, 'us')).not.toThrow()
    wall.nowMs += 10
    expect(() => eu.checkFromPeer(old, 'us')).toThrow('--admit-unsigned-peers-until, which ended at 20')
  })

  it('is refused once its region has signed one', () => {
    const eu = sealsOf('eu', { keys: both, admitUnsignedUntilMs: Infinity })
    expect(() => eu.checkFromPeer(old, 'us')).not.toThrow()
    eu.checkFromPeer(sealsOf('us').toAll(pulse()), 'us')
    expect(() => eu.checkFromPeer(old, 'us')).toThrow('us signs its messages now')
  })

  it('is answered in a form that the old version knows for another, and asked in its own', () => {
    const eu = sealsOf('eu', { keys: both, admitUnsignedUntilMs: Infinity })
    expect(eu.answerTo(old, pulse())[4]).toBe(2)
    expect(eu.toPeer(pulse(), 'us', true)).toEqual(old)
  })
})

it('without keys nothing is signed, and what others have signed is taken', () => {
  const open = sealsOf('eu', {})
  expect(open.areMade).toBe(false)
  const said = open.toAll(pulse())
  expect(said.subarray(-16)).toEqual(Buffer.alloc(16))
  for (const payload of [said, sealsOf('us').toAll(pulse())])
    expect(() => open.checkFromPeer(payload, 'us')).not.toThrow()
  expect(() => sealsOf('us').checkFromPeer(said, 'eu')).toThrow(NotAuthentic)
})
