/**
 * The secrets of a deployment at its NATS servers: for each region one nkey of its node and one of its caches, each in a file of its own
 * (0600), below one folder beside the data. Servers know only the public keys. A region is let in by the others while its folder is there, so
 * that removing the folder puts it out, and replacing the files is a rotation; those who run servers watch the folder.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import type { Identities, Identity } from './nats-accounts.ts'
import { readSeed } from './nats-access.ts'
import { makeSecretFile, replaceSecretFile } from '../../../process/files/secret-file.ts'

export const natsSecretsName = 'nats-secrets'

const roles = ['node', 'cache'] as const
type Role = (typeof roles)[number]

const what = 'the NATS secret'
const regionName = /^[a-z0-9][a-z0-9-]*$/

/** A folder for each role, so that a container can be given one of them alone. */
export function seedPath(folder: string, region: string, role: Role): string {
  return join(folder, region, role, 'nkey')
}

/** Makes what is missing for these regions. Throws a Failure that says what cannot be made. */
export function makeNatsSecrets(folder: string, regions: readonly string[]): void {
  for (const region of regions)
    for (const role of roles) {
      const path = seedPath(folder, region, role)
      if (!existsSync(path)) makeSecretFile({ path, what, text: newSeed() })
    }
}

/** From now on only the new secrets are accepted: servers take them up within a second, nodes and caches with their next connection. */
export function rotateNatsSecrets(folder: string, regions: readonly string[]): void {
  for (const region of regions)
    for (const role of roles) replaceSecretFile({ path: seedPath(folder, region, role), what, text: newSeed() })
}

/** The regions that have secrets here. */
export function regionsWithSecrets(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  const hasAll = (region: string): boolean => roles.every((role) => existsSync(seedPath(folder, region, role)))
  return readdirSync(folder)
    .filter((name) => regionName.test(name) && hasAll(name))
    .toSorted()
}

/** Who is let in by the server of a region: its node, its caches, and the nodes of all others here. Throws a Failure for a broken file. */
export function identitiesOf(folder: string, region: string): Identities {
  const others = regionsWithSecrets(folder).filter((name) => name !== region)
  return {
    node: identityIn(seedPath(folder, region, 'node')),
    cache: identityIn(seedPath(folder, region, 'cache')),
    peers: new Map(others.map((peer) => [peer, identityIn(seedPath(folder, peer, 'node'))])),
  }
}

/** Is another text whenever a secret has come, gone or changed. */
export function natsSecretsVersion(folder: string): string {
  const files = regionsWithSecrets(folder).flatMap((region) => roles.map((role) => seedPath(folder, region, role)))
  return files.map((path) => `${path} ${markOf(path)}`).join('\n')
}

function markOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.ino} ${stat.mtimeMs} ${stat.size}`
}

function newSeed(): string {
  return `${new TextDecoder().decode(nkeys.createUser().getSeed())}\n`
}

function identityIn(path: string): Identity {
  return { nkey: nkeys.fromSeed(new TextEncoder().encode(readSeed(path, what))).getPublicKey() }
}
