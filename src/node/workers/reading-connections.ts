/** The connections of a process that reads: their requests are answered here or forwarded, and what is unusual on them is handed back. */
import type { Socket } from 'node:net'
import { systemClock } from '../../adapters/system/clocks.ts'
import type { Api } from '../../http/api.ts'
import { UnreadReplies } from '../../http/bytes/unread-replies.ts'
import { ConnectionSlots } from '../../http/connection-slots.ts'
import { Connections } from '../../http/connection.ts'
import { drain } from '../../http/draining.ts'
import { Handshakes, type PortCertificate } from '../../http/secure.ts'
import { connectBack, Tunnels } from '../../http/processes/way-back.ts'
import type { WorkerFront } from '../../http/processes/worker-front.ts'
import type { Service } from '../../ports/service.ts'
import { connectionsAffordable } from '../../process/descriptors.ts'
import type { WorkerTls } from './messages.ts'

export type ReadingConnectionsOptions = {
  readonly api: Api
  readonly front: WorkerFront
  readonly tls: (Omit<WorkerTls, 'files'> & { readonly shown: PortCertificate }) | undefined
  /** A connection without TLS goes back to the owner with what was received; `taken` is called once it has left this process. */
  readonly handBack: (socket: Socket, received: Buffer, taken: () => void) => void
}

type Securing = {
  readonly handshakes: Handshakes
  readonly tunnels: Tunnels
  readonly connect: ReturnType<typeof connectBack>
}

/** They listen nowhere: the owner of the writes gives them their sockets. */
export class ReadingConnections implements Service {
  readonly #options: ReadingConnectionsOptions
  readonly #connections: Connections
  readonly #securing: Securing | undefined
  readonly #slots = new ConnectionSlots(connectionsAffordable(), () => systemClock.monotonicMs())

  constructor(options: ReadingConnectionsOptions) {
    this.#options = options
    const { front, tls, handBack } = options
    const securing = tls === undefined ? undefined : securingBy(tls)
    this.#securing = securing
    this.#connections = new Connections({
      api: front,
      monotonicMs: () => systemClock.monotonicMs(),
      unread: new UnreadReplies(),
      handOver: (socket, received, taken) => {
        if (securing === undefined) handBack(unread(socket), received, taken)
        else securing.tunnels.begin(securing.connect, socket, received, taken)
      },
    })
  }

  start(): void {}

  accept(socket: Socket): void {
    if (!this.#slots.take(socket)) return
    const take = (ready: Socket): void => {
      this.#connections.accept(ready)
      ready.resume()
    }
    if (this.#securing === undefined) take(socket)
    else this.#securing.handshakes.begin(socket, take)
  }

  /** Everything that was begun is answered, by this process or by the owner. */
  async stop(): Promise<void> {
    const { api } = this.#options
    const [connections, securing] = [this.#connections, this.#securing]
    api.close()
    await drain({
      servers: [],
      clock: systemClock,
      begin: () => {
        securing?.handshakes.close()
        connections.close()
      },
      refuse: () => {
        api.refuse()
        connections.refuseUnread()
      },
      giveUp: () => {},
      destroy: () => {
        connections.closeAll()
        securing?.tunnels.destroyAll()
      },
      gone: async () => {
        await connections.gone()
        await securing?.tunnels.gone()
      },
    })
  }
}

const securingBy = ({ shown, ticketKeys, wayBack }: NonNullable<ReadingConnectionsOptions['tls']>): Securing => ({
  handshakes: new Handshakes(shown, Buffer.from(ticketKeys, 'base64')),
  tunnels: new Tunnels(),
  connect: connectBack(wayBack),
})

/**
 * A connection leaves this process only when the one before has arrived. Node would read on for it meanwhile, though it is paused, and what is read here is lost: the
 * request would never be whole there.
 */
function unread(socket: Socket): Socket {
  return Object.assign(socket, { _read: () => {} })
}
