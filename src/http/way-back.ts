/**
 * The way back of encrypted connections. A worker that has shaken hands with a client cannot give the connection to another process: what it knows of the encryption
 * cannot be given away. So it keeps the connection and passes on, decrypted, what comes on it, over a connection of this machine to the process that owns the writes. That
 * process listens on the loopback, and believes who begins with the secret that it gave its workers.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { pipeline as piped } from 'node:stream'
import { handshakeMsMax } from '../core/secure-limits.ts'
import { Gathering } from './bytes/gathering.ts'
import { listening } from './listening.ts'
import { reset } from './bytes/resets.ts'

export type WayBackPlace = { readonly port: number; readonly secret: string }
export type WayBack = { readonly place: WayBackPlace; close(): Promise<void> }

/** The first line of a tunnel: who is at the other end of the client's connection. */
type Beginning = {
  readonly secret: string
  readonly remoteAddress: string | undefined
  readonly localAddress: string | undefined
}

const loopback = '127.0.0.1'
const beginningBytesMax = 1024

/** The owner's end: `take` is given each connection as the client's own, with what has come on it. */
export async function openWayBack(take: (socket: Socket, received: Buffer) => void): Promise<WayBack> {
  const secret = randomBytes(32).toString('hex')
  const server = createServer((socket) => {
    const timer = setTimeout(() => socket.destroy(), handshakeMsMax).unref()
    const ignore = (): void => {}
    let received = Buffer.alloc(0)
    const receive = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\n')
      if (end < 0 && received.length <= beginningBytesMax) return
      const beginning = beginningIn(received.subarray(0, Math.max(0, end)), secret)
      if (beginning === undefined) return void socket.destroy()
      clearTimeout(timer)
      socket.removeListener('data', receive)
      socket.pause()
      take(asOf(socket, beginning), received.subarray(end + 1))
      socket.removeListener('error', ignore)
    }
    socket.on('error', ignore)
    socket.on('data', receive)
  })
  await listening(server, loopback, 0)
  server.unref()
  const { port } = server.address() as AddressInfo
  return {
    place: { port, secret },
    close: async () =>
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      }),
  }
}

function beginningIn(line: Buffer, secret: string): Beginning | undefined {
  try {
    const beginning = JSON.parse(line.toString()) as Beginning
    const same = timingSafeEqual(hash('sha256', beginning.secret, 'buffer'), hash('sha256', secret, 'buffer'))
    return same ? beginning : undefined
  } catch {
    return undefined
  }
}

/** Its addresses are those of the client's connection, and it counts as encrypted, as that is. */
function asOf(socket: Socket, { remoteAddress, localAddress }: Beginning): Socket {
  return Object.defineProperties(socket, {
    remoteAddress: { value: remoteAddress },
    localAddress: { value: localAddress },
    encrypted: { value: true },
  })
}

/** The worker's end. */
export class Tunnels {
  readonly #open = new Gathering<Socket>()
  readonly #place: WayBackPlace

  constructor(place: WayBackPlace) {
    this.#place = place
  }

  /** `taken` is called once what was received has left this process, or cannot. */
  begin(client: Socket, received: Buffer, taken: () => void): void {
    const { port, secret } = this.#place
    const { remoteAddress, localAddress } = client
    this.#open.add(client)
    client.once('close', () => this.#open.delete(client))
    const tunnel = connect({ host: loopback, port, noDelay: true })
    tunnel.write(`${JSON.stringify({ secret, remoteAddress, localAddress } satisfies Beginning)}\n`)
    tunnel.write(received, () => taken())
    const end = (error: NodeJS.ErrnoException | null | undefined): void => {
      if (error?.code === 'ECONNRESET' && !client.destroyed) reset(client)
      if (error) client.destroy()
    }
    piped(tunnel, client, end)
    piped(client, tunnel, () => {})
  }

  /** Resolves when none is open. */
  async gone(): Promise<void> {
    await this.#open.empty()
  }

  destroyAll(): void {
    for (const client of this.#open) client.destroy()
  }
}
