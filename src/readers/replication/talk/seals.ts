/**
 * Signs what this region says to its peers, and checks what they say (core/change/seal.ts). Without keys nothing is signed and nothing is
 * checked: NATS servers alone decide then who speaks for whom. Messages of version 0.1.0 have no signature: they count only while an option admits
 * them, and no longer once their region has signed one.
 */
import { asUnsigned, kindOf, unsignedFormatVersion, versionOf } from '../../../core/change/message.ts'
import { checkSeal, contextOf, contextOfAnswer, NotAuthentic, seal, toAll } from '../../../core/change/seal.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { MessageKeys } from '../../../ports/message-keys.ts'

export type SealSettings = {
  /** Undefined: nothing is signed. */
  readonly keys?: MessageKeys | undefined
  /** Until then messages of version 0.1.0 are taken. */
  readonly admitUnsignedUntilMs?: number | undefined
}

export type SealsOptions = SealSettings & { readonly self: string; readonly clock: Pick<Clock, 'wallMs'> }

/** Questions in a millisecond of a region's life, at most: so many salts are used before those of its next process begin. */
const saltsAMs = 100
const saltMax = 2 ** 48 - 1

export class Seals {
  readonly #options: SealsOptions
  /** Peers that have signed a message since this process began. */
  readonly #signing = new Set<string>()
  /** Contexts of what is said to one region; no more than there are regions. */
  readonly #names = new Map<string, Buffer>()
  #salt: number

  constructor(options: SealsOptions) {
    this.#options = options
    this.#salt = Math.max(1, Math.floor(options.clock.wallMs() * saltsAMs) % saltMax)
  }

  /** Whether messages are signed. */
  get areMade(): boolean {
    return this.#options.keys !== undefined
  }

  toAll(payload: Buffer): Buffer {
    return this.#sealed(payload, toAll)
  }

  /** A question, or something told: for this peer alone. Version 0.1.0 reads its own format only. */
  toPeer(payload: Buffer, peer: string, asOldVersion: boolean): Buffer {
    if (asOldVersion) return asUnsigned(payload)
    this.#salt = this.#salt >= saltMax ? 1 : this.#salt + 1
    return this.#sealed(payload, this.#nameOf(peer), this.#salt)
  }

  answerTo(question: Buffer, payload: Buffer): Buffer {
    return this.#sealed(payload, contextOfAnswer(question))
  }

  /** Each throws NotAuthentic, UnknownFormat or another RangeError; the message may be read after that. */
  checkFromPeer(payload: Buffer, peer: string): void {
    this.#check(payload, peer, toAll)
  }

  checkQuestion(payload: Buffer, asker: string): void {
    this.#check(payload, asker, this.#nameOf(this.#options.self))
  }

  checkAnswer(payload: Buffer, peer: string, question: Buffer): void {
    this.#check(payload, peer, contextOfAnswer(question))
  }

  /** What the own stream holds may be another's. */
  checkOwn(payload: Buffer): void {
    this.#check(payload, this.#options.self, toAll)
  }

  #sealed(payload: Buffer, context: Buffer, salt?: number): Buffer {
    const { keys, self } = this.#options
    if (keys === undefined) return payload
    const [mac] = keys.of(self)
    if (mac === undefined) throw new Error(`this region has no message key of its own (${self})`)
    return seal(payload, mac, context, salt)
  }

  #check(payload: Buffer, from: string, context: Buffer): void {
    if (versionOf(payload) === unsignedFormatVersion) return this.#checkUnsigned(payload, from)
    const { keys } = this.#options
    if (keys === undefined) return void kindOf(payload)
    const macs = keys.of(from)
    try {
      checkSeal(payload, macs, context)
    } catch (error) {
      if (!(error instanceof NotAuthentic)) throw error
      if (!keys.lookAgain()) throw named(error, from, macs.length > 0)
      checkSeal(payload, keys.of(from), context)
    }
    this.#signing.add(from)
  }

  #checkUnsigned(payload: Buffer, from: string): void {
    kindOf(payload)
    const { admitUnsignedUntilMs: untilMs = -Infinity, clock } = this.#options
    if (this.#signing.has(from)) throw new NotAuthentic(`it is not signed, and ${from} signs its messages now`)
    if (clock.wallMs() < untilMs) return
    const ended = Number.isFinite(untilMs) ? `, which ended at ${new Date(untilMs).toISOString()}` : ''
    const advice = `upgrade ${from}, or admit it for a time by --admit-unsigned-peers-until`
    throw new NotAuthentic(`message format ${unsignedFormatVersion} has no signature: ${advice}${ended}`)
  }

  #nameOf(region: string): Buffer {
    const known = this.#names.get(region)
    if (known !== undefined) return known
    const name = contextOf(Buffer.from(region))
    this.#names.set(region, name)
    return name
  }
}

function named(error: NotAuthentic, from: string, hasKey: boolean): NotAuthentic {
  const where = `the folder of --message-keys`
  if (!hasKey) return new NotAuthentic(`this region does not know the message key of ${from}: put it into ${where}`)
  return new NotAuthentic(`${error.message} by the message key of ${from} in ${where}`)
}
