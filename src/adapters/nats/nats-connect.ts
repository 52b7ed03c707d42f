/** How a region connects to a nats-server, its own or a peer's: one attempt, no reconnecting behind our back. */
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { inboxPrefix } from './nats-subjects.ts'

export type NatsServer = {
  readonly url: string
  /** User and password, nkey authenticator, TLS: whatever the client takes. */
  readonly credentials?: Pick<NodeConnectionOptions, 'user' | 'pass' | 'token' | 'authenticator' | 'tls'>
  /** Prefix under which another account's JetStream is imported; without it, that of the connection's own account. */
  readonly apiPrefix?: string
  /** JetStream domain; exclusive with `apiPrefix`. */
  readonly domain?: string
}

export const connectTimeoutMs = 3000
/** A connection needs three round trips; where these take seconds it needs longer. */
export const connectTimeoutMsFar = 12_000

export type ConnectOptions = {
  /** Beginning of the subjects to which replies come. */
  readonly inbox?: string
  readonly timeoutMs?: number
  /** The client's own pings; without them the holder of the connection looks after it. */
  readonly pings?: boolean
}

/** Longer than any connection lasts, and a timer still takes it. */
const neverMs = 2 ** 31 - 1

/**
 * nats.md's measured options: the client's own reconnecting gives up after 19 s of resets and hides gaps, so a
 * connection that is lost is lost, and its holder starts again from what is durable.
 */
export async function connectOnce(
  self: string,
  server: NatsServer,
  purpose: string,
  { inbox = inboxPrefix(self), timeoutMs = connectTimeoutMs, pings = true }: ConnectOptions = {},
): Promise<NatsConnection> {
  return connect({
    servers: server.url,
    name: `longitude ${self} ${purpose}`,
    reconnect: false,
    timeout: timeoutMs,
    pingInterval: pings ? 20_000 : neverMs,
    maxPingOut: 3,
    ignoreClusterUpdates: true,
    inboxPrefix: inbox,
    noAsyncTraces: true,
    ...server.credentials,
    ...tlsTo(server),
  })
}

/**
 * The client hands the name to be checked to TLS only when it is none of numbers: to an address it would take the certificate
 * of any host that also calls itself localhost. So the name is checked here, and always that of the address.
 */
function tlsTo({ url, credentials }: NatsServer): Pick<NodeConnectionOptions, 'tls'> {
  if (credentials?.tls === undefined || credentials.tls === null) return {}
  const { hostname } = new URL(url)
  const host = hostname.replaceAll(/[[\]]/g, '')
  const identity = {
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
  }
  return { tls: { ...credentials.tls, ...identity } }
}

export function jetStreamOptions(server: NatsServer): { apiPrefix?: string; domain?: string; timeout: number } {
  return {
    timeout: 5000,
    ...(server.apiPrefix === undefined ? {} : { apiPrefix: server.apiPrefix }),
    ...(server.domain === undefined ? {} : { domain: server.domain }),
  }
}

/** Subjects of JetStream's own questions begin with it. */
export function apiPrefixOf({ apiPrefix, domain }: Pick<NatsServer, 'apiPrefix' | 'domain'>): string {
  return apiPrefix ?? (domain === undefined ? '$JS.API' : `$JS.${domain}.API`)
}

export function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

/** True for the servers that keep their streams through a crash and know the options used here. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number)
  return major > 2 || (major === 2 && (minor > 10 || (minor === 10 && patch >= 23)))
}
