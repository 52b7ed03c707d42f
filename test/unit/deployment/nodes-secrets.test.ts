/** What `longitude secrets` makes for regions of several nodes: of the nodes, and of their quorum servers. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeQuorumFiles } from '../../../src/cli/commands/set-up/quorum-files.ts'
import { makeNatsSecrets } from '../../../src/deployment/secrets/nats/nats-secrets.ts'
import {
  formerInOnePlaceMs,
  makeNodeSecret,
  makeNodesSecrets,
  readNodeSecrets,
  regionNodesOf,
  rotateNodesSecrets,
} from '../../../src/deployment/secrets/nats/nodes-secrets.ts'
import { ran } from '../cli/run.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-nodes-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8')
const ways = (servers: readonly string[], at: (to: string) => string): readonly string[] =>
  servers.flatMap((from) => servers.flatMap((to) => (from === to ? [] : [`${from}..${to}=${at(to)}`])))

describe('the quorum servers', () => {
  const regions = ['us-east-1', 'eu-west-1', 'eu-central-1']
  const nodes = ['us-east-1/a', 'us-east-1/b', 'us-east-1/c']
  const ofNodes = ways(nodes, (to) => `quorum-${to.replace('/', '-')}:6222`)
  const ofRegions = ways(['eu-west-1', 'eu-central-1'], (to) => `quorum-${to}:6222`)

  async function written(routes: readonly string[], isRotation = false): Promise<void> {
    const natsSecrets = join(folder, 'nats')
    makeNatsSecrets(natsSecrets, regions)
    await writeQuorumFiles({ folder: join(folder, 'quorum'), routes, regions, natsSecrets, isRotation })
  }

  test('of a region’s nodes know each other alone, by a password and a certificate of their own', async () => {
    await written([...ofNodes, ...ofRegions])
    const conf = read('quorum', 'us-east-1-b', 'quorum.conf')
    expect(conf).toContain('server_name: "b"')
    const password = read('quorum', 'servers', 'us-east-1', 'quorum-servers').trim()
    expect(/routes: (.*)/.exec(conf)?.[1]).toBe(
      JSON.stringify(['a', 'c'].map((node) => `nats-route://quorum:${password}@quorum-us-east-1-${node}:6222`)),
    )
    const other = read('quorum', 'eu-west-1', 'quorum.conf')
    expect(other).toContain('server_name: "eu-west-1"')
    expect(other).not.toContain(password)
    expect(other).not.toContain('quorum-us-east-1')
    expect(read('quorum', 'us-east-1-a', 'quorum.crt')).toBe(read('quorum', 'us-east-1-c', 'quorum.crt'))
    expect(read('quorum', 'us-east-1-a', 'quorum.crt')).not.toBe(read('quorum', 'eu-west-1', 'quorum.crt'))
    expect(readdirSync(join(folder, 'quorum')).toSorted()).toEqual(
      ['eu-central-1', 'eu-west-1', 'servers', 'us-east-1-a', 'us-east-1-b', 'us-east-1-c'].toSorted(),
    )
  })

  test('of a region of several nodes, one is among those of the other regions where a route names the region', async () => {
    await written([...ofNodes, ...ways(regions, (to) => `links-${to}:6222`)])
    const conf = read('quorum', 'us-east-1', 'quorum.conf')
    const password = read('quorum', 'servers', 'quorum-servers').trim()
    expect(conf).toContain('server_name: "us-east-1"')
    expect(/routes: (.*)/.exec(conf)?.[1]).toBe(
      JSON.stringify(['eu-west-1', 'eu-central-1'].map((to) => `nats-route://quorum:${password}@links-${to}:6222`)),
    )
    expect(read('quorum', 'us-east-1', 'quorum.crt')).toBe(read('quorum', 'eu-west-1', 'quorum.crt'))
    expect(read('quorum', 'us-east-1-b', 'quorum.conf')).not.toContain(password)
    await expect(written([...ofNodes, ...ofRegions, 'eu-west-1..us-east-1=x:1'])).rejects.toThrow(
      'no way from us-east-1',
    )
  })

  test('keep what they show when it is written again, so that none of them has to start again', async () => {
    await written([...ofNodes, ...ofRegions])
    const before = ['us-east-1-a', 'eu-west-1'].map((server) => read('quorum', server, 'quorum.conf'))
    await written([...ofNodes, ...ofRegions])
    expect(['us-east-1-a', 'eu-west-1'].map((server) => read('quorum', server, 'quorum.conf'))).toEqual(before)
    await written([...ofNodes, ...ofRegions], true)
    expect(read('quorum', 'us-east-1-a', 'quorum.conf')).not.toBe(before[0])
  })

  test('are not written where one of them would have no way to another, or one to those of another region', async () => {
    await expect(written([...ofNodes.slice(1), ...ofRegions])).rejects.toThrow('no way from us-east-1/a to us-east-1/b')
    await expect(written([...ofNodes, 'us-east-1/a..eu-west-1=x:1'])).rejects.toThrow('their own region alone')
  })
})

test('nodes of a region have a secret and a certificate for their hosts, which stay until the hosts change', async () => {
  const nodes = regionNodesOf('us-east-1=us-east-1-a,us-east-1-b,10.0.0.3')
  const files = ['node-secret', 'node.crt', 'node.key']
  const texts = (): readonly string[] => files.map((name) => read('us-east-1', name))
  await makeNodesSecrets(folder, nodes)
  const before = texts()
  expect(before[0]).toMatch(/^[\w-]{43}\n$/)
  expect(new X509Certificate(before[1] ?? '').subjectAltName).toBe(
    'DNS:us-east-1-a, DNS:us-east-1-b, IP Address:10.0.0.3',
  )
  for (const name of files) expect(statSync(join(folder, 'us-east-1', name)).mode & 0o777).toBe(0o600)
  await makeNodesSecrets(folder, nodes)
  expect(texts()).toEqual(before)
  await makeNodesSecrets(folder, regionNodesOf('us-east-1=us-east-1-a,us-east-1-b,us-east-1-c'))
  expect(read('us-east-1', 'node.crt')).not.toBe(before[1])
  expect(read('us-east-1', 'node-secret')).toBe(before[0])
  expect(() => regionNodesOf('us-east-1')).toThrow('is not REGION=HOST,HOST,HOST')
})

test('a rotation lets nodes trust the next certificate before they show it, and the former one and the former secret for a while', async () => {
  const nodes = regionNodesOf('us-east-1=us-east-1-a,us-east-1-b,us-east-1-c')
  await makeNodesSecrets(folder, nodes)
  const [secret, certificate] = ['node-secret', 'node.crt'].map((name) => read('us-east-1', name))
  expect(read('us-east-1', 'node-ca.crt')).toBe(certificate)
  const seen: string[][] = []
  const looks = async (): Promise<void> => {
    seen.push(['node.crt', 'node-ca.crt', 'node-secret'].map((name) => read('us-east-1', name)))
    await Promise.resolve()
  }
  await rotateNodesSecrets(folder, [nodes], looks)
  const shown = read('us-east-1', 'node.crt')
  expect(shown).not.toBe(certificate)
  expect(seen).toEqual([[certificate, `${certificate}${shown}`, secret]])
  expect(createPrivateKey(read('us-east-1', 'node.key'))).toSatisfy((key: KeyObject) =>
    new X509Certificate(shown).checkPrivateKey(key),
  )
  const [current, former] = readNodeSecrets(join(folder, 'us-east-1', 'node-secret'))
  expect(current).not.toBe(secret?.trim())
  expect(former).toBe(secret?.trim())
  // Run again soon, it changes nothing; after a while only what is shown is trusted.
  await makeNodesSecrets(folder, nodes)
  expect(read('us-east-1', 'node-ca.crt')).toBe(`${certificate}${shown}`)
  const longAgo = new Date(Date.now() - formerInOnePlaceMs - 1000)
  utimesSync(join(folder, 'us-east-1', 'node-ca.crt'), longAgo, longAgo)
  await makeNodesSecrets(folder, nodes)
  expect(read('us-east-1', 'node-ca.crt')).toBe(shown)
})

test('`longitude secrets --rotate` gives another secret to the nodes of regions that `up` runs', async () => {
  makeNatsSecrets(join(folder, 'nats-secrets'), ['us-east-1', 'eu-west-1'])
  const path = join(folder, 'us-east-1', 'node-secret')
  makeNodeSecret(path)
  const [before] = readNodeSecrets(path)
  const { status } = await ran('secrets', '--rotate', '--data', folder)
  expect(status).toBe(0)
  expect(readNodeSecrets(path)).toEqual([expect.not.stringMatching(before ?? ''), before])
  expect(existsSync(join(folder, 'eu-west-1', 'node-secret'))).toBe(false)
})
