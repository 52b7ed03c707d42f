/** Connections between the nodes of a region: TCP on one machine, mutual TLS between machines, and the first line with their secret. */
import { readFileSync } from 'node:fs'
import { connect as connectPlain, createServer, type Server, type Socket } from 'node:net'
import {
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { isSecuredOver } from '../../../http/bytes/resets.ts'
import { takeSlots } from '../../../http/connection-slots.ts'
import { firstLine } from '../../../http/admitting.ts'
import { nodePortConnectionsMax } from '../../../core/limits/node-line-limits.ts'
import { FollowedCertificate } from '../../../deployment/secrets/certificates/served-certificate.ts'
import type { Log } from '../../../ports/log.ts'
import type { NodeAddress, NodeTls, SeveralOptions } from '../several-options.ts'

/** What a connection is for. */
export type LineKind = 'requests' | 'client' | 'store'

export type ConnectNode = (to: NodeAddress, beginning: { readonly kind: LineKind } & Record<string, unknown>) => Socket

/**
 * Connections begin with their first line; whether they are made, they tell by their events. While a secret is rotated, another host may not have the new one yet: of a node
 * that has ended a connection without a word, the next one shows the other secret.
 */
export function connecting({ node: self, secrets, tls }: SeveralOptions): ConnectNode {
  const contextOf = contexts()
  const refusals = new Map<string, number>()
  return ({ node, host, port }, beginning) => {
    const known = secrets()
    const refused = refusals.get(node) ?? 0
    const socket =
      tls === undefined ? connectPlain({ host, port }) : connectTls({ host, port, secureContext: contextOf(tls) })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveMs)
    socket.write(firstLine(known[refused % known.length] ?? '', { ...beginning, node: self }))
    socket.on('close', () => {
      if (!socket.readableDidRead) refusals.set(node, refused + 1)
    })
    return socket
  }
}

/** Takes connections as soon as it listens; `take` is given those that have shaken hands. */
export function nodeServer(
  { tls, portConnectionsMax: most = nodePortConnectionsMax }: SeveralOptions,
  log: Log,
  take: (socket: Socket) => void,
): Server {
  const server = tls === undefined ? createServer({ noDelay: true }, take) : tlsServer(tls, log, take)
  takeSlots(server, most, () => performance.now())
  return server
}

const keepAliveMs = 10_000
const handshakeMsMax = 5000

function tlsServer(tls: NodeTls, log: Log, take: (socket: Socket) => void): Server {
  const server = createTlsServer(
    { ...filesOf(tls), requestCert: true, rejectUnauthorized: true, handshakeTimeout: handshakeMsMax },
    (socket: TLSSocket & { readonly _parent?: Socket }) => {
      const { _parent: below } = socket
      if (below !== undefined) isSecuredOver(socket, below)
      take(socket)
    },
  )
  server.on('tlsClientError', () => {})
  new FollowedCertificate(tls, log).onChange(() => server.setSecureContext(filesOf(tls)))
  return server
}

/** While two files are being replaced they do not belong together: what was good before goes on. */
function contexts(): (tls: NodeTls) => SecureContext {
  let known: SecureContext | undefined
  return (tls) => {
    try {
      known = createSecureContext(filesOf(tls))
    } catch (error) {
      if (known === undefined) throw error
    }
    return known
  }
}

/** Read again for each connection, so that renewed certificates need no restart. */
function filesOf({ caFile, certFile, keyFile }: NodeTls) {
  const [ca, cert, key] = [caFile, certFile, keyFile].map((path) => readFileSync(path))
  return { ca, cert, key, minVersion: 'TLSv1.2' as const }
}
