/** Connections of the bench of links: opened, and asked for one exchange after another. Times are milliseconds. */
import { connect, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'

/** The machine's clock as all processes have it. */
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6

export const byte = Buffer.from('x')
export const httpRequest = Buffer.from('GET /ping HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')

export async function dialAll(port: number, count: number): Promise<readonly Socket[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      await new Promise((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject)
      })
      return socket
    }),
  )
}

export type Asking = {
  readonly sockets: readonly Socket[]
  /** Of each. */
  readonly count: number
  readonly sent: Buffer
  /** Between two exchanges, at least. */
  readonly restMs: number
}

/** How long each exchange took; the first of each connection is not told. */
export async function exchanges({ sockets, count, sent, restMs }: Asking): Promise<readonly number[]> {
  await Promise.all(sockets.map((socket) => exchange(socket, sent)))
  const all = await Promise.all(
    sockets.map(async (socket) => {
      const times: number[] = []
      for (let n = 0; n < count; n++) {
        // Or all would go on talking in one breath, at one moment of every round trip.
        await pause(restMs + Math.random() * 10)
        times.push(await exchange(socket, sent))
      }
      return times
    }),
  )
  return all.flat()
}

async function exchange(socket: Socket, sent: Buffer): Promise<number> {
  const started = performance.now()
  return await new Promise((resolve) => {
    socket.once('data', () => resolve(performance.now() - started))
    socket.write(sent)
  })
}

/** How long a chunk took there, and the answer back: the far end says when it came. */
export async function bothWays(socket: Socket): Promise<readonly [there: number, back: number]> {
  const sentMs = nowMs()
  return await new Promise((resolve) => {
    socket.once('data', (answer: Buffer) => {
      const cameMs = Number(answer.readBigInt64BE(0)) / 1e6
      resolve([cameMs - sentMs, nowMs() - cameMs])
    })
    socket.write(byte)
  })
}

/** From asking for a connection until the first answer has come over it. */
export async function firstExchange(port: number, sent: Buffer, isSecure = false): Promise<number> {
  const started = performance.now()
  const at = { host: '127.0.0.1', port }
  const socket = isSecure ? connectSecure({ ...at, rejectUnauthorized: false }) : connect({ ...at, noDelay: true })
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject).once('data', () => resolve(performance.now() - started))
      socket.write(sent)
    })
  } finally {
    socket.destroy()
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
