/**
 * TLS at our ports: 1.2 and 1.3, with forward secrecy alone. A server accepts connections as always; each then has its handshake here, in this process or in a
 * worker that was given it, and goes on as a socket like any other. So a certificate can change while connections go on, and a connection that has not shaken
 * hands yet can be ended.
 */
import { randomBytes } from 'node:crypto'
import type { Server, Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { handshakeMsMax } from '../core/limits/wire-limits.ts'
import { isSecuredOver } from './bytes/resets.ts'

/** In PEM. What is read is what is to be shown now. */
export type PortCertificate = {
  readonly cert: string
  readonly key: string
  /** Calls `changed` whenever another is to be shown; returns how to stop that. Absent: it stays. */
  readonly onChange?: (changed: () => void) => () => void
  /** Where another process finds it. */
  readonly files?: CertificateFiles
}

export type CertificateFiles = {
  readonly certFile: string
  readonly keyFile: string
  /** Of those by whom the others are known, where they show a certificate too. */
  readonly caFile?: string
}

/** Each of them makes keys that are forgotten afterwards. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  ...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].flatMap((each) => [
    `ECDHE-ECDSA-${each}`,
    `ECDHE-RSA-${each}`,
  ]),
].join(':')

const ticketKeysSizeBytes = 48

/** With which sessions are resumed: processes that share a port share them. */
export const newTicketKeys = (): Buffer => randomBytes(ticketKeysSizeBytes)

/** The handshakes of one port. */
export class Handshakes {
  readonly #shaking = new Set<TLSSocket>()
  readonly #ticketKeys: Buffer
  readonly #unfollow: () => void
  #context: SecureContext

  /** Throws when the certificate and its key cannot be used. */
  constructor(shown: PortCertificate, ticketKeys: Buffer = newTicketKeys()) {
    this.#ticketKeys = ticketKeys
    this.#context = this.#contextOf(shown)
    const follow = shown.onChange?.(() => (this.#context = this.#contextOf(shown)))
    this.#unfollow = () => follow?.()
  }

  /** `done` is given the secured connection; of one that fails, or takes too long, nothing is told. */
  begin(socket: Socket, done: (tls: TLSSocket) => void): void {
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: [...alpn],
    })
    isSecuredOver(tls, socket)
    this.#shaking.add(tls)
    const timer = setTimeout(() => tls.destroy(), handshakeMsMax).unref()
    const ignore = (): void => {}
    const end = (): void => {
      clearTimeout(timer)
      this.#shaking.delete(tls)
    }
    // A reset that comes after the TLS socket has gone changes nothing.
    socket.on('error', ignore)
    tls.on('error', ignore)
    tls.once('close', end)
    tls.once('secure', () => {
      end()
      tls.removeListener('close', end)
      done(tls)
      tls.removeListener('error', ignore)
    })
  }

  /** Ends those that have not shaken hands. */
  close(): void {
    this.#unfollow()
    for (const tls of this.#shaking) tls.destroy()
  }

  #contextOf({ cert, key }: PortCertificate): SecureContext {
    return createSecureContext({
      cert,
      key,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers,
      honorCipherOrder: true,
      ticketKeys: this.#ticketKeys,
      sessionIdContext: 'longitude',
    })
  }
}

const alpn = ['http/1.1'] as const

/**
 * Puts TLS before whatever listens for the server's connections: call it after those listeners are there. Without a certificate it changes nothing. Returns how to
 * end what it does.
 */
export function secured(server: Server, shown: PortCertificate | undefined): () => void {
  if (shown === undefined) return () => {}
  const handshakes = new Handshakes(shown)
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket) =>
    handshakes.begin(socket, (done) => {
      for (const listener of listeners) listener.call(server, done)
    }),
  )
  return () => handshakes.close()
}
