/** Strangers who do nothing but hold connections: each says something, or nothing, and then no more. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const dialled: Socket[] = []

/** Resolves when all are connected; whether they are let go is seen at the other end. */
export async function strangersAt(port: number, said: string | Buffer, count: number): Promise<void> {
  const all = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).pause()
    socket.write(said)
    return socket
  })
  dialled.push(...all)
  await Promise.all(all.map(async (socket) => await once(socket, 'connect')))
}

export function strangersGo(): void {
  for (const socket of dialled.splice(0)) socket.destroy()
}
