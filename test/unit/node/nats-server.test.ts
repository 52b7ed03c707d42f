import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { fetchDebianPackage, mirrorOf } from '../../../src/nats-server/debian-package.ts'
import { findNatsServer } from '../../../src/nats-server/find.ts'
import { assetOf, checkDigest } from '../../../src/nats-server/release.ts'
import { isNewEnough } from '../../../src/nats-server/nats-version.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-nats-server-'))
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(folder, { recursive: true }))

/** A program that says that it is a nats-server. */
function fake(name: string, version: string): string {
  const path = join(folder, name, 'nats-server')
  mkdirSync(join(folder, name))
  writeFileSync(path, `#!/bin/sh\necho 'nats-server: v${version}'\n`)
  chmodSync(path, 0o755)
  return path
}

const find = async (explicit?: string): Promise<unknown> =>
  await findNatsServer({ explicit, progress: () => {}, cacheFolders: [join(folder, 'cache')] })

describe('the nats-server', () => {
  const old = fake('old', '2.10.22')
  const onPath = fake('path', '2.10.23')
  const cached = fake('cache', '2.15.1')

  test('that was named is taken, or the reason given why not', async () => {
    expect(await find(cached)).toEqual({ path: cached, version: '2.15.1', from: 'option' })
    await expect(find(old)).rejects.toThrow('is nats-server 2.10.22; at least 2.10.23 is needed')
    await expect(find('/nowhere/nats-server')).rejects.toThrow('/nowhere/nats-server is not a nats-server')
  })

  test('of the PATH comes before that of the cache, if it is new enough', async () => {
    vi.stubEnv('PATH', [join(folder, 'old'), join(folder, 'path')].join(':'))
    expect(await find()).toEqual({ path: onPath, version: '2.10.23', from: 'path' })
    vi.stubEnv('PATH', join(folder, 'old'))
    expect(await find()).toEqual({ path: cached, version: '2.15.1', from: 'cache' })
  })
})

test('versions are compared as numbers', () => {
  expect(['2.9.99', '2.10.3', '2.10.22'].filter((version) => isNewEnough(version))).toEqual([])
  expect(['2.10.23', '2.11.0', '3.0.0'].filter((version) => isNewEnough(version))).toHaveLength(3)
})

test('the mirror is what apt is set up with, not its archive of security updates', () => {
  const targets = 'http://m.example/debian-security/dists/x-security/\nhttp://m.example/debian/dists/bookworm/main/\n'
  expect(mirrorOf(targets)).toBe('http://m.example/debian/')
  expect(() => mirrorOf('')).toThrow('not set up with a mirror')
})

test.runIf(existsSync('/usr/bin/apt-get'))(
  "a mirror whose index Debian has not signed is refused, whatever the machine's apt allows",
  { timeout: 60_000 },
  async () => {
    const mirror = join(folder, 'mirror')
    const lists = join(mirror, 'dists', 'trixie', 'main', `binary-${process.arch === 'x64' ? 'amd64' : process.arch}`)
    mkdirSync(lists, { recursive: true })
    const [file, digest] = ['pool/nats-server.deb', createHash('sha256').update('no package').digest('hex')]
    const entry = `Package: nats-server\nVersion: 9\nArchitecture: all\nFilename: ${file}\nSize: 10\nSHA256: ${digest}\n`
    mkdirSync(join(mirror, 'pool'))
    writeFileSync(join(mirror, file), 'no package')
    writeFileSync(join(lists, 'Packages'), entry)
    writeFileSync(join(mirror, 'dists', 'trixie', 'Release'), 'Suite: trixie\nCodename: trixie\nComponents: main\n')
    const lax = join(folder, 'apt.conf')
    writeFileSync(lax, 'Acquire::AllowInsecureRepositories "1"; APT::Get::AllowUnauthenticated "1";\n')
    vi.stubEnv('APT_CONFIG', lax)
    const work = join(folder, 'work')
    mkdirSync(work)
    await expect(fetchDebianPackage('trixie', work, `file:${mirror}/`)).rejects.toThrow(/not signed|keyring/)
    expect(existsSync(join(work, 'nats-server.deb'))).toBe(false)
  },
)

test('a release is looked up by platform and checked against the digest that stands in the program', () => {
  for (const arch of ['x64', 'arm64']) {
    const { name, digest } = assetOf('linux', arch)
    expect(name).toMatch(/^nats-server-v2\.\d+\.\d+-linux-(amd64|arm64)$/)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(() => checkDigest(Buffer.from('something else'), digest)).toThrow('it is thrown away')
  }
  expect(() =>
    checkDigest(Buffer.from(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
  ).not.toThrow()
  for (const platform of ['sunos', 'darwin']) expect(() => assetOf(platform, 'x64')).toThrow('install nats-server')
})
