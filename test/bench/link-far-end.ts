/** What is behind the links of the bench: one port that says everything back, and one that swallows it and confirms the end. */
import { type AddressInfo, createServer, type Server } from 'node:net'

const echo = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})
/** Answers one byte for each MB that has arrived. */
const sink = createServer({ noDelay: true }, (socket) => {
  let bytes = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    const before = Math.floor(bytes / 1e6)
    bytes += chunk.length
    const count = Math.floor(bytes / 1e6) - before
    if (count > 0) socket.write(Buffer.alloc(count))
  })
})
const ports = await Promise.all([echo, sink].map(portOf))
process.send?.({ type: 'ready', echo: ports[0], sink: ports[1] })
process.once('disconnect', () => process.exit(0))

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  return (server.address() as AddressInfo).port
}
