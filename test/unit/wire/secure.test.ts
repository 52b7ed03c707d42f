/** TLS at a port: what it takes, and what a new certificate changes. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectSecurely, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { handshakeMsMax } from '../../../src/core/limits/wire-limits.ts'
import { type Certified, certify } from '../../../src/deployment/secrets/certificates/certificate.ts'
import {
  keepLocalTls,
  localTlsIn,
  renewLocalTls,
  rotateLocalTls,
} from '../../../src/deployment/secrets/certificates/local-authority.ts'
import { FollowedCertificate } from '../../../src/deployment/secrets/certificates/served-certificate.ts'
import { connectBack, openWayBack, Tunnels, type WayBack } from '../../../src/http/processes/way-back.ts'
import { apiHeaders } from '../../conformance/raw-request.ts'
import { answering, serverWith, type TestServer } from './server.ts'

let authority: Certified
let shown: Certified
const ends: (() => unknown)[] = []

beforeAll(async () => {
  authority = await certify({ name: 'test', days: 2, use: 'authority' })
  shown = await certify({ name: 'here', days: 2, use: 'server', hosts: ['localhost', '127.0.0.1'] }, authority)
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const folder = mkdtempSync(join(tmpdir(), 'longitude-tls-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Tells how it was reached. */
const how = answering('ListTables', () => ({}))

async function served(tls: { readonly cert: string; readonly key: string }): Promise<TestServer> {
  const server = await serverWith([how], { tls })
  ends.push(async () => await server.close())
  return server
}

async function dial(server: TestServer, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectSecurely({ port: server.port, host: '127.0.0.1', ca: authority.certificate, ...options })
  ends.push(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

const requestText = (): string =>
  [
    'POST / HTTP/1.1',
    ...Object.entries({ Host: 'localhost', ...apiHeaders('ListTables'), 'Content-Length': '2' }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
    '',
    '{}',
  ].join('\r\n')

async function ask(socket: Socket, text = requestText()): Promise<string> {
  socket.write(text)
  const [reply] = (await once(socket, 'data')) as [Buffer]
  return reply.toString('latin1').split('\r\n')[0] ?? ''
}

test('takes TLS 1.2 and 1.3 with forward secrecy, and nothing older or weaker', async () => {
  const server = await served({ cert: shown.certificate, key: shown.key })
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await dial(server, { minVersion: version, maxVersion: version })
    expect([socket.getProtocol(), await ask(socket)]).toEqual([version, 'HTTP/1.1 200 OK'])
  }
  const older = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  await expect(dial(server, older)).rejects.toThrow()
  await expect(dial(server, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })).rejects.toThrow()
})

test('a request of an unusual shape is answered on the same connection as a usual one', async () => {
  const socket = await dial(await served({ cert: shown.certificate, key: shown.key }))
  expect(await ask(socket)).toBe('HTTP/1.1 200 OK')
  expect(await ask(socket, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('HTTP/1.1 200 OK')
  expect(await ask(socket)).toBe('HTTP/1.1 200 OK')
})

test('a client that never shakes hands does not keep the server from ending', async () => {
  const server = await serverWith([how], { tls: { cert: shown.certificate, key: shown.key } })
  const silent = connect(server.port, '127.0.0.1')
  await once(silent, 'connect')
  await expect.poll(async () => await server.connections()).toBe(1)
  const gone = once(silent, 'close')
  const begunMs = performance.now()
  await server.close()
  await gone
  expect(performance.now() - begunMs).toBeLessThan(handshakeMsMax)
})

test('a renewed certificate is shown to new connections, and open ones go on; a new authority is believed by who knows the old one', async () => {
  const { ca, cert, key } = await keepLocalTls(join(folder, 'tls'), ['localhost', '127.0.0.1'])
  const first = readFileSync(ca, 'utf8')
  const followed = new FollowedCertificate({ certFile: cert, keyFile: key })
  const server = await served(followed)
  const open = await dial(server, { ca: first })
  const serial = (socket: TLSSocket): string => socket.getPeerCertificate().serialNumber
  await renewLocalTls(join(folder, 'tls'))
  followed.look()
  const renewed = await dial(server, { ca: first })
  expect(serial(renewed)).not.toBe(serial(open))
  await rotateLocalTls(join(folder, 'tls'))
  const both = readFileSync(ca, 'utf8')
  // Programs read their files one after the other: whichever has read the new ones believes what is shown before, too.
  expect(serial(await dial(server, { ca: both }))).toBe(serial(renewed))
  followed.look()
  const [second = ''] = both.split(/(?<=-----END CERTIFICATE-----\n)/)
  const rotated = await Promise.all([first, both, second].map(async (each) => await dial(server, { ca: each })))
  expect(new Set(rotated.map(serial)).size).toBe(1)
  expect(serial(rotated[0] ?? open)).not.toBe(serial(renewed))
  expect(await ask(open)).toBe('HTTP/1.1 200 OK')
  // The next start finds it good.
  await keepLocalTls(join(folder, 'tls'), ['localhost', '127.0.0.1'])
  followed.look()
  expect(serial(await dial(server, { ca: first }))).toBe(serial(rotated[0] ?? open))
})

test('a certificate whose key has not come yet is not shown, and what cannot be read changes nothing', async () => {
  const { cert, key } = await keepLocalTls(join(folder, 'halves'), ['localhost', '127.0.0.1'])
  const followed = new FollowedCertificate({ certFile: cert, keyFile: key })
  const before = followed.cert
  const other = await certify({ name: 'other', days: 2, use: 'server' })
  writeFileSync(cert, other.certificate)
  followed.look()
  expect(followed.cert).toBe(before)
  writeFileSync(key, other.key)
  followed.look()
  expect(followed.cert).toBe(other.certificate)
  rmSync(cert)
  followed.look()
  expect(followed.cert).toBe(other.certificate)
  expect(localTlsIn(join(folder, 'halves')).authorityKey).toContain('authority.key')
})

test('what a worker cannot serve goes to the owner, with the client’s address and as encrypted', async () => {
  const taken: { readonly socket: Socket; readonly received: string }[] = []
  const wayBack: WayBack = await openWayBack((socket, received) => {
    taken.push({ socket, received: received.toString() })
    socket.once('data', (more: Buffer) => socket.end(`answer to ${more.toString()}`))
    socket.resume()
  })
  const [tunnels, connectTo] = [new Tunnels(), connectBack(wayBack.place)]
  const { createServer } = await import('node:net')
  const worker = createServer((socket) => tunnels.begin(connectTo, socket, Buffer.from('GET /'), () => {}))
  await new Promise<void>((resolve) => {
    worker.listen(0, '127.0.0.1', resolve)
  })
  const client = connect((worker.address() as { port: number }).port, '127.0.0.1')
  await once(client, 'connect')
  await expect.poll(() => taken.length).toBe(1)
  client.write('health')
  const [reply] = (await once(client, 'data')) as [Buffer]
  expect([reply.toString(), taken[0]?.received]).toEqual(['answer to health', 'GET /'])
  expect(taken[0]?.socket).toMatchObject({ encrypted: true, remoteAddress: '127.0.0.1' })
  client.destroy()
  await tunnels.gone()
  // Who does not know the secret is let go.
  const stranger = connect(wayBack.place.port, '127.0.0.1')
  stranger.write('{"secret":"guessed","remoteAddress":"10.0.0.1"}\n')
  await once(stranger, 'close')
  expect(taken).toHaveLength(1)
  worker.close()
  await wayBack.close()
})
