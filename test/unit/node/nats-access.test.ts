import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certify } from '../../../src/deployment/secrets/certificates/certificate.ts'
import { writeDeployment } from '../../../src/deployment/deployment.ts'
import { natsAccess } from '../../../src/deployment/secrets/nats/nats-access.ts'
import { endpointTls } from '../../../src/deployment/secrets/certificates/served-certificate.ts'
import { watchCertificates } from '../../../src/deployment/secrets/certificates/certificate-watch.ts'
import { quiet } from '../../replication/nats.ts'
import { serverWith } from '../wire/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-access-'))
const settings = { installed: '/etc/longitude', state: '/var/lib', certificateDays: 100, renew: false }
const us = { region: 'us-east-1', host: 'us.example.org', natsPort: 4222 }
const eu = { region: 'eu-west-1', host: '10.0.0.7', natsPort: 5222 }
const files = { natsTlsCa: at('ca.crt'), natsTlsCert: at('node.crt'), natsTlsKey: at('node.key') }

beforeAll(async () => void (await writeDeployment({ ...settings, hosts: [us, eu], out: folder })))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function at(name: string, region = us.region): string {
  return join(folder, region, name)
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return String(error)
  }
  return 'accepted'
}

describe('a node’s access to NATS servers', () => {
  test('is by TLS where the address says so, with the prefix at peers only', () => {
    const access = natsAccess({ ...files, natsApiPrefix: 'LONGITUDE' })
    const tls = { caFile: files.natsTlsCa, certFile: files.natsTlsCert, keyFile: files.natsTlsKey }
    expect(access.own('nats://127.0.0.1:4222')).toEqual({ url: 'nats://127.0.0.1:4222', credentials: {} })
    expect(access.own('tls://a:1')).toEqual({ url: 'tls://a:1', credentials: { tls } })
    expect(access.peer('tls://a:1')).toEqual([{ url: 'tls://a:1', credentials: { tls }, apiPrefix: 'LONGITUDE' }])
  })

  test('needs the key to be its owner’s alone, and of the certificate', () => {
    expect(refusal(() => natsAccess(files))).toBe('accepted')
    for (const mode of [0o644, 0o604, 0o660]) {
      chmodSync(files.natsTlsKey, mode)
      expect(refusal(() => natsAccess(files))).toMatch(/open to others \(mode 0\d{3}\): chmod 600/)
    }
    chmodSync(files.natsTlsKey, 0o640)
    expect(refusal(() => natsAccess(files))).toBe('accepted')
    chmodSync(files.natsTlsKey, 0o600)
    expect(refusal(() => natsAccess({ ...files, natsTlsKey: at('server.key') }))).toContain('is not the key of')
    expect(refusal(() => natsAccess({ ...files, natsTlsKey: undefined }))).toContain('go together')
    expect(refusal(() => natsAccess({ ...files, natsTlsCa: at('none.crt') }))).toContain('no such file')
  })

  test('shows nothing of a key that cannot be read', () => {
    const path = join(folder, 'broken.key')
    writeFileSync(path, readFileSync(files.natsTlsKey, 'utf8').replace('BEGIN', 'START'), { mode: 0o600 })
    const said = refusal(() => natsAccess({ ...files, natsTlsKey: path }))
    expect(said).toContain(`${path} holds no private key`)
    for (const line of readFileSync(files.natsTlsKey, 'utf8').split('\n').slice(1, 3)) expect(said).not.toContain(line)
  })

  test('takes an nkey’s seed and nothing else for one', () => {
    const path = join(folder, 'seed')
    writeFileSync(path, 'SUAGX7BTP4UY3TFAQXPYDSHFDBL4B3ZT5XT6AH3ZBW3ZZQ6VAXCQCEQWCY\n'.slice(0, 58), { mode: 0o600 })
    expect(natsAccess({ natsNkey: path }).own('nats://a:1').credentials?.authenticator).toBeTypeOf('function')
    writeFileSync(path, 'password')
    const said = refusal(() => natsAccess({ natsNkey: path }))
    expect(said).toContain('holds no seed')
    expect(said).not.toContain('password')
  })
})

describe('the files of a deployment', () => {
  test('give each region a server’s certificate for its host and a node’s with its name', () => {
    const authority = new X509Certificate(readFileSync(at('ca.crt')))
    const server = new X509Certificate(readFileSync(at('server.crt', eu.region)))
    const node = new X509Certificate(readFileSync(at('node.crt', eu.region)))
    for (const each of [server, node]) {
      expect(each.verify(authority.publicKey)).toBe(true)
      expect(each.checkIssued(authority)).toBe(true)
      expect(Date.parse(each.validTo) - Date.now()).toBeGreaterThan(99 * 86_400_000)
    }
    expect([server.checkIP(eu.host), server.checkHost('us.example.org')]).toEqual([eu.host, undefined])
    expect(node.subject).toBe('CN=longitude-node-eu-west-1')
  })

  test('keep keys to their owner', () => {
    const keys = [at('node.key'), at('server.key'), join(folder, 'authority', 'authority.key')]
    expect(keys.map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600, 0o600])
    expect(statSync(join(folder, us.region)).mode & 0o777).toBe(0o700)
  })

  test('stay when they are written again, but for what has changed', async () => {
    const before = ['node.key', 'server.key', 'ca.crt'].map((name) => readFileSync(at(name), 'utf8'))
    const moved = { ...eu, host: 'eu.example.org' }
    const more = { region: 'sa-east-1', host: 'sa.example.org', natsPort: 4222 }
    const written = await writeDeployment({ ...settings, hosts: [us, moved, more], out: folder })
    // With the third region there are quorum servers, and certificates of theirs.
    expect(written.map(({ certificates }) => certificates)).toEqual(['new', 'new', 'new'])
    expect(['node.key', 'server.key', 'ca.crt'].map((name) => readFileSync(at(name), 'utf8'))).toEqual(before)
    expect(readFileSync(at('nats.conf'), 'utf8')).toContain('CN=longitude-node-sa-east-1')
    expect(JSON.parse(readFileSync(at('longitude.json'), 'utf8'))).toMatchObject({
      region: us.region,
      peer: { 'eu-west-1': 'tls://eu.example.org:5222', 'sa-east-1': 'tls://sa.example.org:4222' },
    })
    const rotated = await writeDeployment({ ...settings, hosts: [us, moved, more], out: folder, rotate: [eu.region] })
    expect(rotated.map(({ certificates }) => certificates)).toEqual(['kept', 'new', 'kept'])
    for (const region of [us.region, eu.region])
      expect(readFileSync(at('nats.conf', region), 'utf8').match(/CN=longitude-node-eu-west-1[^"]*/g)).toEqual([
        'CN=longitude-node-eu-west-1.2',
      ])
    const renewed = await writeDeployment({ ...settings, hosts: [us, moved, more], out: folder, renew: true })
    expect(renewed.map(({ certificates }) => certificates)).toEqual(['new', 'new', 'new'])
  })
})

test('a certificate holds names and addresses of every form', async () => {
  const hosts = [
    'a.example.org',
    '10.0.0.1',
    '::1',
    '::',
    'fe80::1:2',
    '1:2:3:4:5:6:7:8',
    '::ffff:1.2.3.4',
    '2001:DB8::',
  ]
  const read = new X509Certificate((await certify({ name: 'all', days: 1, use: 'server', hosts })).certificate)
  expect(hosts.map((host) => (isIP(host) === 0 ? read.checkHost(host) : read.checkIP(host)))).toEqual(hosts)
  expect(read.checkIP('10.0.0.2') ?? read.checkIP('::2') ?? read.checkHost('b.example.org')).toBeUndefined()
})

test('a certificate that is about to end is told, and so is its end', async () => {
  const told: string[] = []
  const ends: number[] = []
  const log = {
    ...quiet,
    warn: (event: string) => void told.push(event),
    error: (event: string) => void told.push(event),
  }
  const meter = { count() {}, observe() {}, forget() {}, gauge: (_: string, value: number) => void ends.push(value) }
  const path = join(folder, 'short.crt')
  for (const days of [100, 20]) {
    writeFileSync(path, (await certify({ name: 'short', days, use: 'client' })).certificate)
    watchCertificates([{ use: 'nats', path }], { log, meter })()
  }
  expect(told).toEqual(['the certificate is about to end'])
  expect(ends.map((end) => Math.round((end - Date.now() / 1000) / 86_400))).toEqual([100, 20])
})

test('an endpoint with a certificate speaks HTTPS, and HTTP on the loopback beside it when it is told to', async () => {
  const authority = await certify({ name: 'test', days: 2, use: 'authority' })
  const { certificate, key } = await certify({ name: 'here', days: 2, use: 'server', hosts: ['localhost'] }, authority)
  writeFileSync(join(folder, 'here.crt'), certificate)
  writeFileSync(join(folder, 'here.key'), key, { mode: 0o600 })
  const tls = endpointTls({ tlsCert: join(folder, 'here.crt'), tlsKey: join(folder, 'here.key') })
  const server = await serverWith([], { ...(tls === undefined ? {} : { tls }), loopbackPort: 0 })
  try {
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
    const status = await new Promise((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          servername: 'localhost',
          port: server.port,
          path: '/health',
          ca: authority.certificate,
          agent: false,
        },
        (answer) => resolve(answer.resume().statusCode),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${server.loopbackPort}/health`)).status).toBe(200)
  } finally {
    await server.close()
  }
})
