/**
 * Connections of clients that another process of the region takes over. A worker that has shaken hands with a client cannot give the connection to another process: what it
 * knows of the encryption cannot be given away; and to another machine no connection can be given. So the process keeps the connection and passes on, decrypted, what comes
 * on it, over a connection to the process that owns the writes. That one believes who begins with the secret that it knows too (admitting.ts).
 */
import { randomBytes } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { pipeline as piped } from 'node:stream'
import { connectionsMax } from '../../core/limits/limits.ts'
import { admit, firstLine } from '../admitting.ts'
import { Gathering } from '../bytes/gathering.ts'
import { type UnreadBounds, UnreadReplies } from '../bytes/unread-replies.ts'
import { noteAnswer, slotOf, takeSlots } from '../connection-slots.ts'
import { listening } from '../listening.ts'
import { cameBy, listenerOf } from '../private-listener.ts'
import { reset } from '../bytes/resets.ts'

export type WayBackPlace = { readonly port: number; readonly secret: string }
export type WayBack = { readonly place: WayBackPlace; close(): Promise<void> }

const loopback = '127.0.0.1'

/** The owner's end: `take` is given each connection as the client's own, with what has come on it. */
export async function openWayBack(take: (socket: Socket, received: Buffer) => void): Promise<WayBack> {
  const secret = randomBytes(32).toString('hex')
  const server = createServer((socket) =>
    admit(socket, {
      secrets: () => [secret],
      take: (beginning, received) => take(asClients(socket, beginning), received),
    }),
  )
  takeSlots(server, connectionsMax, () => performance.now())
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

/** What the first line of a tunnel says of the client's connection. */
export type ClientsEnd = {
  readonly remoteAddress: string | undefined
  readonly localAddress: string | undefined
  readonly isPlain?: boolean
  /** The private listener that it came by. */
  readonly endpoint?: string | undefined
}

/** The socket with the addresses of the client's connection; it counts as encrypted where that is. */
export function asClients(socket: Socket, beginning: Readonly<Record<string, unknown>>): Socket {
  const { remoteAddress, localAddress, isPlain, endpoint } = beginning
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  Object.defineProperties(socket, {
    remoteAddress: { value: text(remoteAddress) },
    localAddress: { value: text(localAddress) },
  })
  if (typeof endpoint === 'string') cameBy(socket, { id: endpoint })
  if (isPlain === true) Reflect.deleteProperty(socket, 'encrypted')
  else Object.defineProperty(socket, 'encrypted', { value: true })
  return socket
}

/** Connects to the process that takes over, and writes the first line. */
export type Connect = (end: ClientsEnd) => Socket

export const connectBack =
  ({ port, secret }: WayBackPlace): Connect =>
  ({ remoteAddress, localAddress }) => {
    const tunnel = connect({ host: loopback, port, noDelay: true })
    tunnel.write(firstLine(secret, { remoteAddress, localAddress }))
    return tunnel
  }

/** The end that keeps the clients' connections. */
export class Tunnels {
  readonly #open = new Gathering<Socket>()
  readonly #unread: UnreadReplies

  constructor(unread?: UnreadBounds) {
    this.#unread = new UnreadReplies(unread)
  }

  /** `taken` is called once what was received has left this process, or cannot. */
  begin(connectTo: Connect, client: Socket, received: Buffer, taken: () => void): void {
    const { remoteAddress, localAddress } = client
    this.#open.add(client)
    client.once('close', () => this.#open.delete(client))
    const isPlain = !('encrypted' in client)
    const tunnel = connectTo({ remoteAddress, localAddress, isPlain, endpoint: listenerOf(client) })
    tunnel.write(received, () => taken())
    const slot = slotOf(client)
    slot.isBusy = () => false
    const end = (error: NodeJS.ErrnoException | null | undefined): void => {
      if (error?.code === 'ECONNRESET' && !client.destroyed) reset(client)
      if (error) client.destroy()
    }
    piped(tunnel, client, end)
    piped(client, tunnel, () => {})
    tunnel.on('data', () => {
      noteAnswer(slot)
      // While the client reads nothing, nothing is heard of the tunnel, not even that it has ended.
      if (client.writableNeedDrain) this.#unread.wait(client)
    })
  }

  /** Resolves when none is open. */
  async gone(): Promise<void> {
    await this.#open.empty()
  }

  destroyAll(): void {
    for (const client of this.#open) client.destroy()
  }
}
