/**
 * The keys with which regions sign their messages: a file REGION.message-key for each region, in one folder that all nodes of a deployment have.
 * Its first line is the key that the region signs with. A rotation puts a new key before it, and both are good until the next rotation.
 * Nodes look at the files while they run. A key that has just come signs nothing for some seconds, so that peers who share the folder know it by then.
 */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { StreamKeys } from '../../../adapters/encryption/encrypted-bus.ts'
import { hmacWith } from '../../../adapters/system/message-key.ts'
import type { Mac } from '../../../core/change/seal.ts'
import { regionsMax } from '../../../core/limits/limits.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { MessageKeys } from '../../../ports/message-keys.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { readSecret } from '../nats/nats-access.ts'
import { makeSecretFile, replaceSecretFile } from '../../../process/files/secret-file.ts'

export const messageKeysName = 'message-keys'

const ending = '.message-key'
const what = 'the message key'
const keySizeBytes = 32
/** The key that signs, and the one before. */
const keysMax = 2
const lookMs = 1000
/** A message that does not verify makes the node look earlier, but not for every message of a flood. */
const lookAgainMs = 200
const takeUpMs = 3000

export function messageKeyPath(folder: string, region: string): string {
  return join(folder, `${region}${ending}`)
}

export function messageKeyPathsIn(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending))
  return names.slice(0, regionsMax).map((name) => join(folder, name))
}

/** Makes what is missing for these regions. Throws a Failure that says what cannot be made. */
export function makeMessageKeys(folder: string, regions: readonly string[]): void {
  for (const region of regions) {
    const path = messageKeyPath(folder, region)
    if (!existsSync(path)) makeSecretFile({ path, what, text: textOf([newKey()]) })
  }
}

/** The regions sign with new keys from now on. Their last ones are good until the next rotation, those before them no more. */
export function rotateMessageKeys(folder: string, regions: readonly string[]): void {
  for (const region of regions) {
    const path = messageKeyPath(folder, region)
    const before = existsSync(path) ? keysIn(path) : []
    replaceSecretFile({ path, what, text: textOf([newKey(), ...before].slice(0, keysMax)) })
  }
}

/** A key for another use must not be the same one. */
function streamKeyFrom(key: Buffer): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'stream', keySizeBytes)))
}

function newKey(): Buffer {
  return randomBytes(keySizeBytes)
}

function textOf(keys: readonly Buffer[]): string {
  return keys.map((key) => `${key.toString('base64url')}\n`).join('')
}

/** Throws a Failure that shows nothing of the file. */
function keysIn(path: string): readonly Buffer[] {
  const keys = readSecret(path, what)
    .split(/\s+/)
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'base64url'))
  if (keys.length === 0 || keys.length > keysMax || keys.some((key) => key.length !== keySizeBytes))
    throw new Failure(`${what} ${path} holds no key, or more than ${keysMax}`)
  return keys
}

export type FolderKeysOptions = {
  readonly folder: string
  /** The region whose node this is. */
  readonly self: string
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Log
}

type Known = {
  readonly version: string
  readonly macs: readonly Mac[]
  /** In the same order: the keys that the region's stream is encrypted with. */
  readonly streamKeys: readonly KeyObject[]
  /** When the first of them begins to sign. */
  readonly fromMs: number
}

export class FolderKeys implements MessageKeys, StreamKeys {
  readonly #options: FolderKeysOptions
  #known: ReadonlyMap<string, Known> = new Map()
  #lookedMs: number
  #complaint: string | undefined

  /** Throws a Failure where the region's own key is not there, or cannot be read. */
  constructor(options: FolderKeysOptions) {
    this.#options = options
    const { folder, self, clock } = options
    const path = messageKeyPath(folder, self)
    if (!existsSync(path))
      throw new Failure(`--message-keys ${folder} has no key of ${self}: longitude secrets --regions ${self} makes it`)
    keysIn(path)
    this.#lookedMs = clock.monotonicMs()
    this.#look(-Infinity)
  }

  of(region: string): readonly Mac[] {
    return this.#inOrder(region, ({ macs }) => macs)
  }

  /** The keys that the stream of the region is encrypted with, the one that encrypts first. */
  streamKeysOf(region: string): readonly KeyObject[] {
    return this.#inOrder(region, ({ streamKeys }) => streamKeys)
  }

  lookAgain(): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    return nowMs - this.#lookedMs >= lookAgainMs && this.#look(nowMs)
  }

  /** Those of the region, the newest first once it is taken up. */
  #inOrder<Key>(region: string, keysOf: (known: Known) => readonly Key[]): readonly Key[] {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#lookedMs >= lookMs) this.#look(nowMs)
    const known = this.#known.get(region)
    if (known === undefined) return []
    return nowMs < known.fromMs ? keysOf(known).toReversed() : keysOf(known)
  }

  /** Returns whether something is other than before. What cannot be read changes nothing. */
  #look(nowMs: number): boolean {
    const { folder, clock, log } = this.#options
    this.#lookedMs = clock.monotonicMs()
    try {
      const next = new Map<string, Known>()
      for (const path of messageKeyPathsIn(folder)) {
        const region = basename(path, ending)
        next.set(region, this.#read(path, this.#known.get(region), nowMs))
      }
      const before = this.#known
      this.#known = next
      this.#complaint = undefined
      return (
        next.size !== before.size || [...next].some(([region, { version }]) => before.get(region)?.version !== version)
      )
    } catch (error) {
      const complaint = messageOf(error)
      if (complaint !== this.#complaint)
        log.error('the message keys cannot be read: those known before stay', { error: complaint })
      this.#complaint = complaint
      return false
    }
  }

  #read(path: string, before: Known | undefined, nowMs: number): Known {
    const { ino, mtimeMs, size } = statSync(path)
    const version = `${ino} ${mtimeMs} ${size}`
    if (before?.version === version) return before
    const keys = keysIn(path)
    const fromMs = before === undefined ? -Infinity : nowMs + takeUpMs
    return { version, macs: keys.map(hmacWith), streamKeys: keys.map(streamKeyFrom), fromMs }
  }
}
