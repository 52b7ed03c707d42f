/** Whose store this is, in what format, and which life of it: a wiped disk begins another epoch. */
import { assert } from '../core/assert.ts'
import { Digest } from '../core/reconcile/digest.ts'
import type { Region } from '../core/topology.ts'
import type { Env } from '../ports/env.ts'
import type { Edit, Store } from '../ports/store.ts'
import { countsKeyOfOld, headKey, identityKey, oldCounts, oldHeadKey } from './keys.ts'

const formatVersion = 2

type Identity = {
  readonly format: number
  readonly region: string
  readonly number: number
  readonly epoch: string
  /** Over region, number and epoch. Absent in a store of an earlier version; such a version ignores it. */
  readonly check?: string
}

/** The store belongs to another region, or to a version that this one cannot read. */
export class ForeignStore extends Error {
  override readonly name = 'ForeignStore'
}

/** Returns the epoch; a new store is marked before anything else is written to it. */
export async function openIdentity(env: Pick<Env, 'store' | 'random'>, self: Region): Promise<string> {
  const stored = env.store.get(identityKey)
  if (stored !== undefined) {
    const found = JSON.parse(stored.toString()) as Identity
    assert(found.check === undefined || found.check === checkOf(found), 'identity: it is as it was written')
    const epoch = check(found, self)
    if (found.format < formatVersion) await upgrade(env.store, found)
    else if (found.check === undefined) await env.store.write([editOf(found)])
    return epoch
  }
  const identity: Identity = { format: formatVersion, region: self.name, number: self.number, epoch: env.random.uuid() }
  await env.store.write([editOf(identity)])
  return identity.epoch
}

/** The same store with another log. */
export function identityWith(epoch: string, store: Store): Buffer {
  const found = JSON.parse((store.get(identityKey) ?? Buffer.from('{}')).toString()) as Identity
  return valueOf({ ...found, epoch })
}

/** With its check, so that a damaged identity is not taken for that of another region or version. */
function editOf(identity: Identity): Edit {
  return { key: identityKey, value: valueOf(identity) }
}

function valueOf(identity: Identity): Buffer {
  return Buffer.from(JSON.stringify({ ...identity, check: checkOf(identity) }))
}

/** Not over the format: a store of a later version is refused, and never taken for a damaged one. */
function checkOf({ region, number, epoch }: Identity): string {
  const digest = new Digest()
  digest.add(Buffer.from(JSON.stringify([region, number, epoch])), Buffer.alloc(0))
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

/** From format 1: head and counts have moved. All or nothing, with the format. */
async function upgrade(store: Store, found: Identity): Promise<void> {
  const edits: Edit[] = []
  const move = (from: Buffer, to: Buffer, value: Buffer | undefined): void =>
    void edits.push({ key: from, value: undefined }, { key: to, value })
  move(oldHeadKey, headKey, store.get(oldHeadKey))
  for (const { key, value } of store.entries(oldCounts)) move(key, countsKeyOfOld(key), value)
  edits.push(editOf({ ...found, format: formatVersion }))
  await store.write(edits)
}
