/** Bytes below HTTP: for requests that no client would send. */
import { connect } from 'node:net'

export type SocketTry = {
  /** Bytes to write, in turn, each after the one before has been handed to the socket. */
  readonly writes: readonly (string | Buffer)[]
  /** Ends our side after the last write; otherwise the server is waited for. */
  readonly end?: boolean
  /** Give up waiting for the server to answer or to close. */
  readonly waitMs?: number
  /** Done once this many replies have begun to arrive and their bodies with them. */
  readonly replies?: number
}

/** All that the server sent until it closed, fell silent, or was given up on. */
export function exchange(
  endpoint: string,
  { writes, end = false, waitMs = 300, replies = Infinity }: SocketTry,
): Promise<string> {
  const { hostname, port } = new URL(endpoint)
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(Number(port), hostname)
    let timer: NodeJS.Timeout | undefined
    const finish = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(received)
    }
    const wait = (): void => {
      clearTimeout(timer)
      timer = setTimeout(finish, waitMs)
    }
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      if (received.split('HTTP/1.1 ').length > replies && received.endsWith('}')) finish()
      else wait()
    })
    socket.on('error', finish)
    socket.on('close', finish)
    socket.on('connect', () => {
      for (const bytes of writes) socket.write(bytes)
      if (end) socket.end()
      wait()
    })
  })
}

/** A request as text, its length right unless the headers say otherwise. */
export function httpText(headers: Readonly<Record<string, string>>, body: string, first = 'POST / HTTP/1.1'): string {
  const lines = Object.entries({ Host: 'localhost', 'Content-Length': String(Buffer.byteLength(body)), ...headers })
  return `${first}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
