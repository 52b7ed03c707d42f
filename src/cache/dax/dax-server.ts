/** Listens for DAX's clients: `dax://`, or `daxs://` with a certificate. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { daxConnectionsMax } from '../../core/limits/dax-limits.ts'
import { drainMsMax, farewellMsMax } from '../../core/limits/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import { BodyBudget } from '../../http/bytes/body-budget.ts'
import { Gathering } from '../../http/bytes/gathering.ts'
import { Outbox } from '../../http/bytes/outbox.ts'
import { UnreadReplies } from '../../http/bytes/unread-replies.ts'
import { takeSlots } from '../../http/connection-slots.ts'
import { listening } from '../../http/listening.ts'
import { secured, type PortCertificate } from '../../http/secure.ts'
import { DaxConnection, type DaxConnectionOptions } from './dax-connection.ts'

export type DaxServerOptions = Pick<
  DaxConnectionOptions,
  'front' | 'authorize' | 'expires' | 'nodes' | 'greetingMsMax'
> & {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly tls?: PortCertificate | undefined
  readonly connectionsMax: number
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
}

export type RunningDax = {
  readonly port: number
  readonly url: string
  /** Open now. */
  readonly connections: () => number
  /** Bytes held for clients: of requests, and of answers that are not read. */
  readonly heldBytes: () => number
  /** Answers what was begun, and resolves when no connection is left. */
  readonly close: () => Promise<void>
}

export async function serveDax(options: DaxServerOptions): Promise<RunningDax> {
  const { host, tls, clock } = options
  const open = new Gathering<DaxConnection>()
  const shared = {
    ...options,
    budget: new BodyBudget(() => clock.monotonicMs()),
    unread: new UnreadReplies(),
    outbox: new Outbox(),
    monotonicMs: () => clock.monotonicMs(),
  }
  const accept = (socket: Socket): void => {
    const connection = new DaxConnection(socket, shared, () => open.delete(connection))
    open.add(connection)
  }
  const server = createServer(accept)
  const endHandshakes = secured(server, tls)
  takeSlots(server, Math.min(options.connectionsMax, daxConnectionsMax), () => clock.monotonicMs())
  await listening(server, host, options.port)
  const { port } = server.address() as AddressInfo
  const named = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return {
    port,
    url: `${tls === undefined ? 'dax' : 'daxs'}://${named.includes(':') ? `[${named}]` : named}:${port}`,
    connections: () => open.size,
    heldBytes: () => shared.budget.heldBytes + shared.unread.heldBytes,
    close: async () => {
      server.close()
      endHandshakes()
      for (const connection of open) connection.close()
      const cancel = clock.after(drainMsMax + farewellMsMax, () => {
        for (const connection of open) connection.destroy()
      })
      await open.empty()
      cancel()
    },
  }
}
