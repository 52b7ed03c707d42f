/** deploy/compose.yaml and its fourth region as data: test:docker, which runs them, needs an engine. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { options } from '../../../src/cli/options/rows.ts'

type Service = {
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
}
type File = {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, unknown>>
}

const read = (name: string): File =>
  parse(readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8'), { merge: true }) as File
const three = read('compose.yaml')
const fourth = read('compose.fourth.yaml')
const four = merged(three, fourth)

/** As Compose does it, as far as it matters here. */
function merged(first: File, second: File): File {
  const names = [...new Set([...Object.keys(first.services), ...Object.keys(second.services)])]
  const services = names.map((name) => {
    const [before, after] = [first.services[name], second.services[name]]
    const environment = { ...before?.environment, ...after?.environment }
    const networks = [...new Set([...(before?.networks ?? []), ...(after?.networks ?? [])])]
    const volumes = [...new Set([...(before?.volumes ?? []), ...(after?.volumes ?? [])])]
    return [name, { ...before, ...after, environment, networks, volumes } as Service] as const
  })
  return { services: Object.fromEntries(services), networks: { ...first.networks, ...second.networks } }
}

const words = (text = ''): readonly string[] => text.split(/\s+/).filter((word) => word !== '')
const regionsOf = ({ networks }: File): readonly string[] => Object.keys(networks)
const pairsOf = (file: File): readonly string[] =>
  regionsOf(file).flatMap((from) => regionsOf(file).flatMap((to) => (from === to ? [] : [`${from} ${to}`])))

/** Of every ordered pair, where its link to servers of that kind listens and where it leads. */
function linksOf(
  file: File,
  kind: 'nats' | 'quorum',
): ReadonlyMap<string, { readonly at: string; readonly target: string }> {
  const carried = Object.entries(file.services).flatMap(([name, { environment }]) =>
    words(environment?.['LONGITUDE_LINK']).flatMap((text) => {
      const [, from, to, port, target = ''] = /^(.+)\.\.(.+?)=(\d+):(.+)$/.exec(text) ?? []
      return target.startsWith(`${kind}-`) ? [[`${from} ${to}`, { at: `${name}:${port}`, target }] as const] : []
    }),
  )
  expect(new Set(carried.map(([pair]) => pair)).size).toBe(carried.length)
  return new Map(carried)
}

describe.each([
  ['three regions', three],
  ['four regions', four],
])('%s in Compose', (_, file) => {
  test('have a link for every ordered pair, to which the one dials and which leads to the other', () => {
    const links = linksOf(file, 'nats')
    expect([...links.keys()].toSorted()).toEqual([...pairsOf(file)].toSorted())
    for (const region of regionsOf(file)) {
      const peers = words(file.services[region]?.environment?.['LONGITUDE_PEER']).map((text) => text.split('='))
      expect(peers.map(([peer = '']) => peer).toSorted()).toEqual(
        regionsOf(file)
          .filter((name) => name !== region)
          .toSorted(),
      )
      for (const [peer = '', url] of peers) {
        expect(url).toBe(`nats://${links.get(`${region} ${peer}`)?.at}`)
        expect(links.get(`${region} ${peer}`)?.target).toBe(`nats-${peer}:4222`)
      }
    }
  })

  test('have a quorum server for each region, and a link of its own for every ordered pair of them', () => {
    const links = linksOf(file, 'quorum')
    const routes = words(file.services['secrets']?.environment?.['LONGITUDE_QUORUM_ROUTE']).map((text) =>
      text.split('='),
    )
    expect(routes.map(([pair = '']) => pair.replace('..', ' ')).toSorted()).toEqual([...pairsOf(file)].toSorted())
    for (const [pair = '', at] of routes) expect(at).toBe(links.get(pair.replace('..', ' '))?.at)
    for (const [pair, { target }] of links) expect(target).toBe(`quorum-${pair.split(' ')[1]}:6222`)
    for (const region of regionsOf(file))
      expect(file.services[region]?.environment?.['LONGITUDE_QUORUM']).toBe(`nats://quorum-${region}:4222`)
  })

  test('start a quorum server once a node wants it, with no rights, and with nothing that is another server’s', () => {
    const wish = '/run/quorum-wanted/wanted'
    for (const region of regionsOf(file)) {
      expect(file.services[region]?.environment?.['LONGITUDE_QUORUM_WANTED']).toBe(wish)
      expect(file.services[region]?.volumes).toContain('quorum-wanted:/run/quorum-wanted')
      const server = file.services[`quorum-${region}`]
      expect(server).toMatchObject({ user: '10001:10001', read_only: true, cap_drop: ['ALL'], networks: [region] })
      expect(server?.environment).toEqual({ NATS_CONF: '/data/quorum.conf', NATS_WANTED: wish })
      expect(server?.volumes).toEqual([
        './nats.sh:/etc/longitude/nats.sh:ro',
        `quorum-${region}:/data`,
        'quorum-wanted:/run/quorum-wanted:ro',
      ])
      expect(file.services['secrets']?.volumes).toContain(`quorum-${region}:/run/quorum/${region}`)
    }
    const holders = Object.entries(file.services).filter(([, { volumes = [] }]) =>
      volumes.some((volume) => volume.startsWith('quorum-secrets:')),
    )
    expect(holders.map(([name]) => name)).toEqual(['secrets'])
  })

  test('name to clients of every region, by node, cache and console, where each region is', () => {
    const told = Object.fromEntries(
      regionsOf(file).map((region) => {
        const [port] = /\$\{[A-Z0-9_]+:-\d+\}/.exec(file.services[region]?.ports?.[0] ?? '') ?? []
        return [region, `http://localhost:${port}`]
      }),
    )
    for (const name of [...regionsOf(file).flatMap((region) => [region, `cache-${region}`]), 'console']) {
      const given = words(file.services[name]?.environment?.['LONGITUDE_PEER_ENDPOINT'])
      expect(Object.fromEntries(given.map((text) => text.split('=')))).toEqual(told)
    }
  })

  test('share no network but for what stands between them or looks at them', () => {
    const between = Object.entries(file.services).filter(([, { networks = [] }]) => networks.length > 1)
    const names = between.map(([name]) => name).filter((name) => !name.startsWith('links'))
    expect(names.toSorted()).toEqual(['console', 'front-door', 'prometheus'])
    for (const region of regionsOf(file))
      for (const name of [region, `nats-${region}`, `quorum-${region}`, `cache-${region}`])
        expect(file.services[name]?.networks, name).toEqual([region])
  })

  test('publish to this machine alone, each port once, and no NATS server', () => {
    const published = Object.values(file.services).flatMap(({ ports = [] }) => ports)
    for (const port of published)
      expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z0-9_]+:-\d+\}:(\d+|\$\{CONSOLE_PORT:-\d+\})$/)
    const outside = published.map((port) => /:-(\d+)\}/.exec(port)?.[1])
    expect(new Set(outside).size).toBe(outside.length)
    expect(published.filter((port) => port.endsWith(':4222'))).toEqual([])
  })

  test('keep each secret to the one that shows it, and to the service that makes it', () => {
    const secrets = file.services['secrets']
    expect(words(secrets?.environment?.['LONGITUDE_REGIONS']).toSorted()).toEqual([...regionsOf(file)].toSorted())
    const holders = Object.entries(file.services).flatMap(([name, { volumes = [] }]) =>
      volumes.filter((volume) => volume.startsWith('nkey-')).map((volume) => `${name} ${volume}`),
    )
    const wanted = regionsOf(file).flatMap((region) => [
      `secrets nkey-${region}:/run/nats-secrets/${region}/node`,
      `secrets nkey-cache-${region}:/run/nats-secrets/${region}/cache`,
      `${region} nkey-${region}:/run/nats:ro`,
      `cache-${region} nkey-cache-${region}:/run/nats:ro`,
    ])
    expect(holders.toSorted()).toEqual(wanted.toSorted())
    for (const region of regionsOf(file)) {
      expect(file.services[`nats-${region}`]?.volumes).toContain('nats-conf:/etc/longitude/conf:ro')
      for (const name of [region, `cache-${region}`])
        expect(file.services[name]?.environment?.['LONGITUDE_NATS_NKEY']).toBe('/run/nats/nkey')
    }
  })

  test('give the message keys to every node to read, to the service that makes them, and to nobody else', () => {
    const holders = Object.entries(file.services).flatMap(([name, { volumes = [] }]) =>
      volumes.filter((volume) => volume.startsWith('message-keys:')).map((volume) => `${name} ${volume}`),
    )
    const readers = regionsOf(file).map((region) => `${region} message-keys:/run/message-keys:ro`)
    expect(holders.toSorted()).toEqual(['secrets message-keys:/run/message-keys', ...readers].toSorted())
    for (const name of ['secrets', ...regionsOf(file)])
      expect(file.services[name]?.environment?.['LONGITUDE_MESSAGE_KEYS']).toBe('/run/message-keys')
  })

  test('have a check of the health of every NATS server', () => {
    for (const name of regionsOf(file).flatMap((region) => [`nats-${region}`, `quorum-${region}`]))
      expect(file.services[name]?.healthcheck?.test, name).toEqual([
        'CMD',
        '/bin/sh',
        '/etc/longitude/nats.sh',
        'health',
      ])
  })

  test('tell DAX’s clients the port by which this machine reaches each cache, and keep their lists in its volume', () => {
    for (const region of regionsOf(file)) {
      const { environment = {}, ports = [], volumes = [] } = file.services[`cache-${region}`] ?? {}
      const inside = environment['LONGITUDE_DAX_PORT']
      const [, published] = ports.map((port) => new RegExp(`^127\\.0\\.0\\.1:(.+):${inside}$`).exec(port)?.[1])
      expect(environment['LONGITUDE_DAX_NODE']).toBe(`\${DAX_ADDRESS:-127.0.0.1}:${published}`)
      expect(environment['LONGITUDE_DAX_LISTS']).toBe('/data/dax-lists')
      expect(volumes).toContain(`cache-${region}:/data`)
    }
  })

  test('have a console that asks every region and every control of links', () => {
    const { environment } = file.services['console'] ?? {}
    expect(words(environment?.['LONGITUDE_UPSTREAM'])).toEqual(
      regionsOf(file).map((region) => `${region}=http://${region}:8000`),
    )
    const controls = Object.keys(file.services).filter((name) => name.startsWith('links'))
    expect(words(environment?.['LONGITUDE_CONTROL'])).toEqual(controls.map((name) => `http://${name}:8199`))
  })

  test('speak TLS with one certificate by one variable, and make it for the names by which they reach each other', () => {
    const ours = Object.entries(file.services).filter(([, { image }]) => image === 'longitude')
    for (const [name, { environment, volumes }] of ours) {
      expect(environment?.['LONGITUDE_TLS'], name).toBe('${LONGITUDE_TLS:-false}')
      expect(volumes, name).toContain('secrets:/run/longitude')
    }
    expect(file.services['secrets']?.environment?.['LONGITUDE_DATA']).toBe('/run/longitude')
    const named = words(file.services['secrets']?.environment?.['LONGITUDE_HOST_NAMES'])
    expect(named).toEqual(expect.arrayContaining(ours.map(([name]) => name).filter((name) => name !== 'secrets')))
  })

  test('are configured by options that there are', () => {
    const known = Object.keys(options).map((name) => `LONGITUDE_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`)
    const given = Object.values(file.services).flatMap(({ environment = {} }) => Object.keys(environment))
    expect(given.filter((name) => name.startsWith('LONGITUDE_') && !known.includes(name))).toEqual([])
  })
})

test('every image of others is named by version and digest, wherever one is named', () => {
  const files = ['compose.yaml', 'compose.fourth.yaml', 'Dockerfile']
  const texts = files.map((name) => readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8'))
  const named = [...texts.join('\n').matchAll(/(?:image: |NODE_IMAGE: |ARG NODE_IMAGE=)(\S+)/g)].map(
    ([, image]) => image,
  )
  const others = named.filter((image) => image !== 'longitude')
  expect(others.length).toBeGreaterThanOrEqual(6)
  for (const image of others)
    expect(image).toMatch(/^(\$\{[A-Z]+_IMAGE:-)?[a-z/]+:v?\d+\.\d+\.\d+[a-z-]*@sha256:[0-9a-f]{64}\}?$/)
})

describe('`longitude` in the image', () => {
  const script = fileURLToPath(new URL('../../../deploy/longitude.sh', import.meta.url))

  /** What Node would be started with, and its environment. */
  function started(args: readonly string[], environment: Readonly<Record<string, string>>): readonly string[] {
    const folder = mkdtempSync(join(tmpdir(), 'longitude-image-'))
    try {
      writeFileSync(join(folder, 'node'), '#!/bin/sh\nprintf "%s\\n" "$@"\nenv\n', { mode: 0o755 })
      const env = { PATH: `${folder}:/usr/bin:/bin`, ...environment }
      return spawnSync('/bin/sh', [script, ...args], { env, encoding: 'utf8' }).stdout.split('\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  const upstream = 'us-east-1=http://us-east-1:8000 eu-west-1=http://eu-west-1:8000'

  test('starts as it was asked to, and says nothing of TLS', () => {
    const seen = started(['front-door'], { LONGITUDE_UPSTREAM: upstream, LONGITUDE_TLS: 'false' })
    expect(seen.slice(0, 2)).toEqual(['/longitude/dist/cli/cli.js', 'front-door'])
    expect(seen).toContain(`LONGITUDE_UPSTREAM=${upstream}`)
    expect(seen.some((line) => line.startsWith('LONGITUDE_TLS_') || line.startsWith('NODE_EXTRA_CA_CERTS'))).toBe(false)
    expect(started(['cache'], {})[0]).toBe('--min-semi-space-size=32')
  })

  test('shows and believes one certificate with LONGITUDE_TLS, and asks the others by HTTPS', () => {
    const seen = started(['status'], { LONGITUDE_UPSTREAM: upstream, LONGITUDE_TLS: 'true' })
    const folder = '/run/longitude/tls'
    expect(seen).toEqual(
      expect.arrayContaining([
        `LONGITUDE_UPSTREAM=${upstream.replaceAll('http:', 'https:')}`,
        `LONGITUDE_TLS_CERT=${folder}/server.crt`,
        `LONGITUDE_TLS_KEY=${folder}/server.key`,
        `LONGITUDE_TLS_CA=${folder}/authority.crt`,
        `LONGITUDE_UPSTREAM_CA=${folder}/authority.crt`,
      ]),
    )
  })

  test('asks the container’s own port for its health, by what it speaks', () => {
    expect(started(['health'], {})[1]).toContain("fetch('http://127.0.0.1:8000/health')")
    const seen = started(['health', '8099'], { LONGITUDE_TLS: 'true' })
    expect(seen[1]).toContain("fetch('https://127.0.0.1:8099/health')")
    expect(seen).toContain('NODE_EXTRA_CA_CERTS=/run/longitude/tls/authority.crt')
  })
})

test('the check of a NATS server’s health follows whether its port listens', async () => {
  const script = fileURLToPath(new URL('../../../deploy/nats.sh', import.meta.url))
  const statusAt = (port: number, more = {}): number | null =>
    spawnSync('/bin/sh', [script, 'health'], { env: { ...process.env, NATS_PORT: String(port), ...more } }).status
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(statusAt(port)).toBe(0)
  server.close()
  await once(server, 'close')
  expect(statusAt(port)).toBe(1)
  // A quorum server that no node wants yet.
  expect(statusAt(port, { NATS_WANTED: join(tmpdir(), 'no-such-wish') })).toBe(0)
  expect(statusAt(port, { NATS_WANTED: script })).toBe(1)
})
