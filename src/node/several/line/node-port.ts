/**
 * The port of a node for the other nodes of its region. A connection that begins with their secret is for requests that this node answers while it leads, for a
 * client on whose connection something unusual came, or for reading this node's store.
 */
import type { Socket } from 'node:net'
import { nodeLineEveryMs, nodeLineSilentMsMax } from '../../../core/limits/node-line-limits.ts'
import { admit } from '../../../http/admitting.ts'
import { serveForwarded } from '../../../http/processes/forwarding.ts'
import { serveFrames } from '../../../http/processes/request-frames.ts'
import { listening } from '../../../http/listening.ts'
import { asClients } from '../../../http/processes/way-back.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import { nodeServer } from './connecting.ts'
import type { OwnLead } from '../own-lead.ts'
import type { SeveralOptions } from '../several-options.ts'
import type { Told } from './leader-word.ts'
import { TermLines } from './term-lines.ts'

type NodePortOptions = {
  readonly several: SeveralOptions
  readonly clock: Clock
  readonly log: Log
  /** The region of this process, while it takes requests. */
  readonly ownLead: () => OwnLead | undefined
  readonly told: () => Told
  /** Answers a node that copies this one's store. */
  readonly lend: (question: Buffer) => Buffer
}

export type NodePort = {
  /** Tells the other nodes at once what has changed. */
  readonly tell: () => void
  /** Which term another node knows. */
  readonly askTerm: (node: string) => Promise<number | undefined>
  readonly close: () => Promise<void>
}

/** Rejects when the port cannot be had. */
export async function openNodePort(options: NodePortOptions): Promise<NodePort> {
  const { several, log } = options
  const open = new Set<Socket>()
  const lines: Lines = { all: new Set(), terms: new TermLines() }
  const server = nodeServer(several, log, (socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    const take = (beginning: Readonly<Record<string, unknown>>, received: Buffer): void =>
      taken(options, lines, { socket, beginning, received })
    admit(socket, { secrets: several.secrets, take })
  })
  await listening(server, several.host, several.nodes.get(several.node)?.port ?? 0)
  return {
    tell: () => {
      for (const tell of lines.all) tell()
    },
    askTerm: async (node) => await lines.terms.ask(node),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

type Lines = {
  /** Each tells what this node is to the node at its other end. */
  readonly all: Set<() => void>
  readonly terms: TermLines
}

type Admitted = {
  readonly socket: Socket
  readonly beginning: Readonly<Record<string, unknown>>
  readonly received: Buffer
}

function taken(options: NodePortOptions, lines: Lines, { socket, beginning, received }: Admitted): void {
  const { ownLead, lend, log } = options
  const onBroken = (reason: string): void => {
    log.warn('another node says what cannot be understood', { node: beginning['node'], reason })
    socket.destroy()
  }
  if (beginning['kind'] === 'client') {
    const own = ownLead()
    if (own === undefined) return void socket.destroy()
    return own.takeOver(asClients(socket, beginning), received, () => {})
  }
  if (beginning['kind'] === 'store')
    serveFrames(socket, {
      onBroken,
      answer: (_, question, reply) => {
        // Each question comes after the answer of the one before.
        if (socket.writableLength > 0) onBroken('further questions before it has read an answer')
        else reply({}, lend(question))
      },
    })
  else if (beginning['kind'] === 'requests')
    serveRequests(options, lines, { socket, node: String(beginning['node']), onBroken })
  else return void socket.destroy()
  socket.unshift(received)
  socket.resume()
}

type Serving = { readonly socket: Socket; readonly node: string; readonly onBroken: (reason: string) => void }

function serveRequests(options: NodePortOptions, lines: Lines, { socket, node, onBroken }: Serving): void {
  const { ownLead, told, clock, log } = options
  let heardMs = clock.monotonicMs()
  const tell = serveForwarded(socket, {
    onBroken,
    onTold: (about) => {
      heardMs = clock.monotonicMs()
      terms.take(about)
    },
    onStuck: () => {
      log.warn('another node does not read its replies: its connection is ended')
      socket.destroy()
    },
    answer: (request, send) => {
      const own = ownLead()
      if (own === undefined) return false
      own.forward(request, send, () => undefined)
      return true
    },
  })
  const terms = lines.terms.add(node, tell)
  let cancel: () => void = () => undefined
  const tellNow = (): void => tell(told())
  const again = (): void => {
    if (clock.monotonicMs() - heardMs > nodeLineSilentMsMax) return void socket.destroy()
    tellNow()
    cancel = clock.after(nodeLineEveryMs, again)
  }
  lines.all.add(tellNow)
  socket.on('close', () => {
    cancel()
    terms.end()
    lines.all.delete(tellNow)
  })
  again()
}
