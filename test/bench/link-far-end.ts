/**
 * What is behind the links of the bench. Ports: `echo` says everything back, `sink` swallows it and confirms the end, `clock` says when a chunk
 * came, by the clock that all processes of the machine share, `http` answers every request, `secure` is the echo by TLS 1.3.
 */
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createSecureServer } from 'node:tls'
import { certify } from '../../src/deployment/secrets/certificates/certificate.ts'

const { certificate: cert, key } = await certify({ name: 'far end', days: 1, use: 'server', hosts: ['127.0.0.1'] })

const servers = {
  echo: createServer({ noDelay: true }, sayBack),
  sink: createServer({ noDelay: true }, swallow),
  clock: createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => socket.write(nowBytes()))
  }),
  http: createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    response.end('ok')
  }),
  secure: createSecureServer({ cert, key, minVersion: 'TLSv1.3' }, sayBack),
}

const ports = await Promise.all(
  Object.entries(servers).map(async ([name, server]) => [name, await portOf(server)] as const),
)
process.send?.(Object.fromEntries(ports))
process.once('disconnect', () => process.exit(0))

function sayBack(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
}

/** Answers one byte for each MB that has arrived. */
function swallow(socket: Socket): void {
  let bytes = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    const before = Math.floor(bytes / 1e6)
    bytes += chunk.length
    const count = Math.floor(bytes / 1e6) - before
    if (count > 0) socket.write(Buffer.alloc(count))
  })
}

function nowBytes(): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(process.hrtime.bigint())
  return bytes
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  return (server.address() as AddressInfo).port
}
