/** Whose store this is, in what format, and which life of it: a wiped disk begins another epoch. */
import type { Region } from '../core/topology.ts'
import type { Env } from '../ports/env.ts'
import { identityKey } from './keys.ts'

const formatVersion = 1

type Identity = {
  readonly format: number
  readonly region: string
  readonly number: number
  readonly epoch: string
}

/** The store belongs to another region, or to a version that this one cannot read. */
export class ForeignStore extends Error {
  override readonly name = 'ForeignStore'
}

/** Returns the epoch; a new store is marked before anything else is written to it. */
export async function openIdentity(env: Pick<Env, 'store' | 'random'>, self: Region): Promise<string> {
  const stored = env.store.get(identityKey)
  if (stored !== undefined) return check(JSON.parse(stored.toString()) as Identity, self)
  const identity: Identity = { format: formatVersion, region: self.name, number: self.number, epoch: env.random.uuid() }
  await env.store.write([{ key: identityKey, value: Buffer.from(JSON.stringify(identity)) }])
  return identity.epoch
}

function check(identity: Identity, self: Region): string {
  if (identity.format !== formatVersion)
    throw new ForeignStore(`the data has format ${identity.format}, and this version reads format ${formatVersion}`)
  if (identity.region !== self.name || identity.number !== self.number)
    throw new ForeignStore(
      `the data is that of ${identity.region} (${identity.number}), not of ${self.name} (${self.number})`,
    )
  return identity.epoch
}
