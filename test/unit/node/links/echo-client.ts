/** A client of an echoing server: what a link does to a connection is seen from here. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** On this machine. */
export async function connected(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => socket.destroy())
  return socket
}

/** In milliseconds. */
export async function roundTrip(socket: Socket): Promise<number> {
  const started = performance.now()
  socket.write('x')
  await once(socket, 'data')
  return performance.now() - started
}
