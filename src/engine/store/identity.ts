/** Whose store this is, in what format, and which life of it: a wiped disk begins another epoch. */
import { Digest } from '../../core/reconcile/digest.ts'
import type { Region } from '../../core/topology.ts'
import type { Env } from '../../ports/env.ts'
import type { Edit, Store } from '../../ports/store.ts'
import { DamagedRecord } from './damaged-record.ts'
import { identityKey } from './keys.ts'
import { movesFromFormat1, upgradeFromFormat2 } from './upgrade.ts'

const formatVersion = 3
/** The first format whose identity is checked as a whole. */
const checkedFormat = 3

type Identity = {
  readonly format: number
  readonly region: string
  readonly number: number
  readonly epoch: string
  /** While the store is upgraded from that format: an earlier version must not open it any more. */
  readonly upgradedFrom?: number | undefined
  /** Over region, number and epoch: an earlier version compares it. */
  readonly check?: string
  /** Over everything, the format too. Every format from 3 on has it. */
  readonly whole?: string
}

/** The store belongs to another region, or to a version that this one cannot read. */
export class ForeignStore extends Error {
  override readonly name = 'ForeignStore'
}

/**
 * Returns the epoch; a new store is marked before anything else is written to it, and one of an earlier version is upgraded, with a call of
 * `progress` after each step.
 */
export async function openIdentity(
  env: Pick<Env, 'store' | 'random'>,
  self: Region,
  progress: () => void = () => undefined,
): Promise<string> {
  const { store } = env
  const stored = store.get(identityKey)
  if (stored !== undefined) {
    const found = identityIn(stored)
    const epoch = check(found, self)
    const from = found.upgradedFrom ?? found.format
    if (from < formatVersion) await upgrade(store, { ...found, upgradedFrom: from }, progress)
    return epoch
  }
  const identity: Identity = { format: formatVersion, region: self.name, number: self.number, epoch: env.random.uuid() }
  await store.write([editOf(identity)])
  return identity.epoch
}

/** Whether any region has begun on the store. */
export const isMarked = (store: Pick<Store, 'get'>): boolean => store.get(identityKey) !== undefined

/** Whether the store is this region's, and in the format of this version: one that another process upgrades is not. */
export function isReadable(store: Pick<Store, 'get'>, self: Region): boolean {
  const stored = store.get(identityKey)
  if (stored === undefined) return false
  const { format, upgradedFrom, region, number } = identityIn(stored)
  return format === formatVersion && upgradedFrom === undefined && region === self.name && number === self.number
}

async function upgrade(store: Store, found: Identity, progress: () => void): Promise<void> {
  const { upgradedFrom, ...identity } = { ...found, format: formatVersion }
  if (found.format < formatVersion) {
    const moves = upgradedFrom === 1 ? movesFromFormat1(store) : []
    await store.write([...moves, editOf({ ...identity, upgradedFrom: 2 })])
  }
  await upgradeFromFormat2(store, progress)
  await store.write([editOf(identity)])
}

/** The same store with another log. */
export function identityWith(epoch: string, store: Pick<Store, 'get'>): Buffer {
  return valueOf({ ...identityIn(store.get(identityKey) ?? Buffer.alloc(0)), epoch })
}

/** So checked that a damaged identity is not taken for that of another region or version. */
function identityIn(stored: Buffer): Identity {
  return DamagedRecord.unless(identityKey, () => {
    const found = JSON.parse(stored.toString()) as Identity
    if (typeof found !== 'object' || !Number.isInteger(found.format)) throw new RangeError('it has no format')
    if (found.check !== undefined && found.check !== checkOf(found)) throw new RangeError('its check is wrong')
    if (found.whole !== (found.format < checkedFormat ? undefined : wholeOf(found)))
      throw new RangeError('its check as a whole is wrong')
    return found
  })
}

function editOf(identity: Identity): Edit {
  return { key: identityKey, value: valueOf(identity) }
}

function valueOf(identity: Identity): Buffer {
  return Buffer.from(JSON.stringify({ ...identity, check: checkOf(identity), whole: wholeOf(identity) }))
}

function checkOf({ region, number, epoch }: Identity): string {
  return digestOf([region, number, epoch])
}

/** What proves a whole identity, whatever its format. */
export function wholeOf({ format, region, number, epoch, upgradedFrom = 0 }: Identity): string {
  return digestOf([format, region, number, epoch, upgradedFrom])
}

function digestOf(members: readonly unknown[]): string {
  const digest = new Digest()
  digest.add(Buffer.from(JSON.stringify(members)), Buffer.alloc(0))
  return digest.result().digest
}

function check(identity: Identity, self: Region): string {
  if (identity.format < 1 || identity.format > formatVersion)
    throw new ForeignStore(`the data has format ${identity.format}, and this version reads format ${formatVersion}`)
  if (identity.region !== self.name || identity.number !== self.number)
    throw new ForeignStore(
      `the data is that of ${identity.region} (${identity.number}), not of ${self.name} (${self.number})`,
    )
  return identity.epoch
}
