/** What a child of `longitude up` is told by flags, and by its environment. */
import { resolve } from 'node:path'
import type { Layout } from '../deployment/layout.ts'
import { wholeBucketPlaces } from '../node/buckets/bucket-places.ts'

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
