/** What a child of `longitude up` is told by flags, and by its environment. */
import { join, resolve } from 'node:path'
import type { Layout } from '../../deployment/layout.ts'
import type { MemberPlan } from '../children/members.ts'
import { type DeploymentTls, natsUrl } from './tls-flags.ts'
import { wholeBucketPlaces } from '../../node/buckets/bucket-places.ts'

export type StreamOptions = {
  readonly streamShards?: number | undefined
  readonly streamRollMs?: number
  readonly streamRetentionBytes?: number
  readonly functions?: string | undefined
  readonly s3?: string | undefined
  readonly backups?: string | undefined
}

export type EncryptionOptions = {
  /** A file: what regions keep on a disk is encrypted. */
  readonly keyring?: string | undefined
  /** A file that says which key service is asked. */
  readonly keyService?: string | undefined
  /** A folder: regions have key services of their own. */
  readonly kms?: string | undefined
}

export function encryptionFlags({ keyring, keyService, kms }: EncryptionOptions): Readonly<Record<string, string>> {
  return {
    ...(keyring === undefined ? {} : { keyring: resolve(keyring) }),
    ...(keyService === undefined ? {} : { 'key-service': resolve(keyService) }),
    ...(kms === undefined ? {} : { kms: resolve(kms) }),
  }
}

export type ObservingOptions = {
  readonly slow?: number | undefined
  readonly otlp?: string | undefined
  readonly otlpShare?: number
}

export function observingFlags({
  slow,
  otlp,
  otlpShare = 1,
}: ObservingOptions): Readonly<Record<string, string | number>> {
  return {
    ...(slow === undefined ? {} : { slow }),
    ...(otlp === undefined ? {} : { otlp, 'otlp-share': otlpShare }),
  }
}

type Expiring = { readonly ttlDelay?: number; readonly ttlGrace?: number }

export function expiryFlags({ ttlDelay, ttlGrace }: Expiring): Readonly<Record<string, number>> {
  return {
    ...(ttlDelay === undefined ? {} : { 'ttl-delay': ttlDelay }),
    ...(ttlGrace === undefined ? {} : { 'ttl-grace': ttlGrace }),
  }
}

/** Where clients reach the other regions. */
export function endpointFlags({ regions }: Layout, own: string): readonly string[] {
  return regions.flatMap(({ name, endpoint }) => (name === own ? [] : [`--peer-endpoint=${name}=${endpoint}`]))
}

/** The regions, for a program before them. */
export const upstreamFlags = ({ regions }: Layout): readonly string[] =>
  regions.map(({ name, endpoint }) => `--upstream=${name}=${endpoint}`)

export function streamFlags({
  streamShards,
  streamRollMs,
  streamRetentionBytes,
  functions,
  s3,
  backups,
}: StreamOptions): Readonly<Record<string, string | number>> {
  return {
    ...(streamShards === undefined ? {} : { 'stream-shards': streamShards }),
    ...(streamRollMs === undefined ? {} : { 'stream-roll-ms': streamRollMs }),
    ...(streamRetentionBytes === undefined ? {} : { 'stream-retention-bytes': streamRetentionBytes }),
    ...(functions === undefined ? {} : { functions: resolve(functions) }),
    ...(s3 === undefined ? {} : { s3: wholeBucketPlaces(s3) }),
    ...(backups === undefined ? {} : { backups }),
  }
}

const regionBucket = 'longitude-backups'

/**
 * Backups of a region of several nodes belong to the region: without a place that was given they lie in its folder, which all its nodes reach,
 * since what lies beside a node's store is lost with it.
 */
export function backupFlags(
  { name, of }: MemberPlan,
  { s3, backups }: StreamOptions,
): Readonly<Record<string, string>> {
  if (of === undefined || backups !== undefined) return {}
  const own = `${regionBucket}=dir:${join(of.regionFolder, 'backups')}`
  return { s3: wholeBucketPlaces(s3 === undefined ? own : `${s3},${own}`), backups: `s3://${regionBucket}/${name}` }
}

/** The NATS servers of the other regions, through the links: where a region has several nodes, of all of them. */
export function peerFlags({ regions, links }: Layout, own: string, tls: DeploymentTls | undefined): readonly string[] {
  return regions
    .filter(({ name }) => name !== own)
    .map(({ name }) => {
      const to = links.filter((link) => link.from === own && link.to === name)
      return `--peer=${name}=${to.map(({ port }) => natsUrl(tls, port)).join()}`
    })
}

export function admissionFlags({
  admitUnsignedPeersUntil: untilMs,
}: {
  readonly admitUnsignedPeersUntil?: number | undefined
}): Readonly<Record<string, string>> {
  return untilMs === undefined ? {} : { 'admit-unsigned-peers-until': new Date(untilMs).toISOString() }
}

/** What was said to us is passed on by flags: a LONGITUDE_PEER of the person's own must not reach the children. */
export function withoutOwnVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('LONGITUDE_')))
}

export function flagsOf(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}
