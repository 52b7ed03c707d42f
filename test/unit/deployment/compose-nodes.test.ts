/** deploy/compose.nodes.yaml as data: regions of three nodes in containers (docs/operating/nodes.md). */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { options } from '../../../src/cli/options/rows.ts'

type Service = {
  readonly image: string
  readonly command?: readonly string[]
  readonly user?: string
  readonly cap_drop?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
}
type File = {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: object
  readonly volumes: object
}

const read = (name: string): File =>
  parse(readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8'), { merge: true }) as File
const file = read('compose.nodes.yaml')
const single = read('compose.yaml')
const regions = Object.keys(file.networks)
const nodes = ['a', 'b', 'c']
const words = (text = ''): readonly string[] => text.split(/\s+/).filter((word) => word !== '')
const service = (name: string): Service => file.services[name] ?? { image: 'none' }
const told = (name: string, option: string): string => service(name).environment?.[`LONGITUDE_${option}`] ?? ''
const volumesOf = (name: string): readonly string[] => service(name).volumes ?? []
/** Services that have a volume, by its name. */
const holdersOf = (volume: string): readonly string[] =>
  Object.keys(file.services).filter((name) => volumesOf(name).some((each) => each.startsWith(`${volume}:`)))

test('is of the regions of compose.yaml, with the same endpoints, and every volume is declared', () => {
  expect(regions).toEqual(Object.keys(single.networks))
  for (const region of regions) expect(service(region).ports).toEqual(single.services[region]?.ports)
  const used = Object.keys(file.services).flatMap((name) => volumesOf(name).map((each) => each.split(':')[0] ?? ''))
  const named = [...new Set(used.filter((name) => !name.startsWith('.')))]
  expect(Object.keys(file.volumes).toSorted()).toEqual(named.toSorted())
})

test('a balancer stands before the nodes of its region, and holds nothing of theirs', () => {
  for (const region of regions) {
    expect(service(region).command).toEqual(['balancer', '--host', '0.0.0.0'])
    expect(words(told(region, 'NODE_ENDPOINT'))).toEqual(nodes.map((node) => `${node}=http://${region}-${node}:8000`))
    expect(volumesOf(region)).toEqual(['secrets:/run/longitude'])
    for (const node of nodes) expect(service(`${region}-${node}`).ports).toBeUndefined()
  }
})

test('each node has a store, a NATS server and a quorum server that are its own, in the network of its region', () => {
  for (const region of regions)
    for (const node of nodes) {
      const name = `${region}-${node}`
      expect(told(name, 'NATS')).toBe(`nats://nats-${name}:4222`)
      expect(told(name, 'QUORUM')).toBe(`nats://quorum-${name}:4222`)
      expect(told(name, 'NODE')).toBe(node)
      expect(volumesOf(name)).toContain(`${name}:/data`)
      expect(holdersOf(name)).toEqual([name])
      expect(volumesOf(`nats-${name}`)).toContain(`nats-${name}:/data`)
      expect(service(`nats-${name}`).environment).toEqual({ NATS_NAME: region })
      expect(volumesOf(`quorum-${name}`)).toContain(`quorum-${name}:/data`)
      expect(service(`quorum-${name}`)).toMatchObject({ user: '10001:10001', cap_drop: ['ALL'] })
      expect(holdersOf(`quorum-${name}`)).toEqual(['secrets', `quorum-${name}`])
      for (const each of [name, `nats-${name}`, `quorum-${name}`]) expect(service(each).networks).toEqual([region])
    }
})

test('nodes know where the others are, and show them what `secrets` makes for their region alone', () => {
  expect(words(told('secrets', 'NODE_HOSTS'))).toEqual(
    regions.map((region) => `${region}=${nodes.map((node) => `${region}-${node}`).join()}`),
  )
  for (const region of regions) {
    const own = nodes.map((node) => `${region}-${node}`)
    expect(holdersOf(`nodes-${region}`)).toEqual(['secrets', ...own])
    expect(volumesOf('secrets')).toContain(`nodes-${region}:/run/nodes/${region}`)
    for (const name of own) {
      expect(told(name, 'NODE_AT')).toBe(nodes.map((node) => `${node}=${region}-${node}:7000`).join())
      expect(volumesOf(name)).toContain(`nodes-${region}:/run/nodes:ro`)
      expect(told(name, 'NODE_TLS_CA')).toBe('/run/nodes/node-ca.crt')
    }
  }
})

test('quorum servers of a region reach each other, and their password is with them and with `secrets`', () => {
  const routes = regions.flatMap((region) =>
    nodes.flatMap((from) =>
      nodes.flatMap((to) => (from === to ? [] : [`${region}/${from}..${region}/${to}=quorum-${region}-${to}:6222`])),
    ),
  )
  expect(words(told('secrets', 'QUORUM_ROUTE')).filter((route) => route.includes('/'))).toEqual(routes)
  for (const region of regions) expect(holdersOf(`quorum-secrets-${region}`)).toEqual(['secrets'])
})

test('each region has a quorum server among those of the other regions, as compose.yaml has it, that starts when one of its nodes wants it', () => {
  const between = (option: string, name: string, from: File): readonly string[] =>
    words(from.services[name]?.environment?.[`LONGITUDE_${option}`]).filter(
      (way) => !way.includes('/') && /=(links:)?44/.test(way),
    )
  for (const [option, name] of [
    ['QUORUM_ROUTE', 'secrets'],
    ['LINK', 'links'],
  ] as const) {
    expect(between(option, name, file)).toEqual(between(option, name, single))
    expect(between(option, name, file)).toHaveLength(regions.length * (regions.length - 1))
  }
  for (const region of regions) {
    const server = `quorum-${region}`
    expect({ ...service(server), image: '' }).toEqual({ ...single.services[server], image: '' })
    expect(holdersOf(server)).toEqual(['secrets', server])
    expect(volumesOf('secrets')).toContain(`${server}:/run/quorum/${region}`)
    for (const node of nodes) {
      expect(told(`${region}-${node}`, 'GROUP_QUORUM')).toBe(`nats://${server}:4222`)
      expect(told(`${region}-${node}`, 'QUORUM_WANTED')).toBe(service(server).environment?.['NATS_WANTED'])
      expect(volumesOf(`${region}-${node}`)).toContain('quorum-wanted:/run/quorum-wanted')
    }
  }
  expect(holdersOf('quorum-secrets')).toEqual(['secrets'])
})

test('each node reaches the three NATS servers of every other region by links alone, and a cache those of its own', () => {
  const all = words(told('links', 'LINK')).map((text) => {
    const [, from = '', to = '', port = '', target = ''] = /^(.+)\.\.(.+?)=(\d+):(.+)$/.exec(text) ?? []
    return { from, to, port, target }
  })
  expect(new Set(all.map(({ port }) => port)).size).toBe(all.length)
  const links = all.filter(({ target }) => target.startsWith('nats-'))
  for (const region of regions) {
    const others = regions.filter((name) => name !== region)
    const wanted = others.map((to) => {
      const ports = nodes.map(
        (node) => links.find((each) => each.from === region && each.target === `nats-${to}-${node}:4222`)?.port,
      )
      return `${to}=${ports.map((port) => `nats://links:${port}`).join()}`
    })
    for (const node of nodes) expect(words(told(`${region}-${node}`, 'PEER'))).toEqual(wanted)
    expect(told(`cache-${region}`, 'NATS')).toBe(nodes.map((node) => `nats://nats-${region}-${node}:4222`).join())
    expect(told(`cache-${region}`, 'CACHE_UPSTREAM')).toBe(`http://${region}:8000`)
  }
  expect(links).toHaveLength(regions.length * (regions.length - 1) * nodes.length)
})

test('backups of a region lie where all its nodes reach them', () => {
  for (const region of regions) {
    expect(holdersOf(`backups-${region}`)).toEqual(nodes.map((node) => `${region}-${node}`))
    for (const node of nodes) expect(told(`${region}-${node}`, 'S3')).toBe('longitude-backups=dir:/backups')
  }
})

test('everything of ours speaks TLS by one variable, under a name that is in the certificate', () => {
  const ours = Object.entries(file.services).filter(([, { image }]) => image === 'longitude')
  const named = words(told('secrets', 'HOST_NAMES'))
  for (const [name] of ours) {
    expect(told(name, 'TLS'), name).toBe('${LONGITUDE_TLS:-false}')
    expect(volumesOf(name), name).toContain('secrets:/run/longitude')
  }
  expect(named).toEqual(expect.arrayContaining(ours.map(([name]) => name).filter((name) => name !== 'secrets')))
  const script = readFileSync(new URL('../../../deploy/longitude.sh', import.meta.url), 'utf8')
  expect(script).toMatch(/for name in .*LONGITUDE_NODE_ENDPOINT.*; do/)
  expect(script).toMatch(/node \| balancer \|.*\) until/)
})

test('is configured by options that there are, and runs the images of compose.yaml', () => {
  const known = Object.keys(options).map((name) => `LONGITUDE_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`)
  const given = Object.values(file.services).flatMap(({ environment = {} }) => Object.keys(environment))
  expect(given.filter((name) => name.startsWith('LONGITUDE_') && !known.includes(name))).toEqual([])
  const images = (of: File): readonly string[] => [...new Set(Object.values(of.services).map(({ image }) => image))]
  expect(images(file).toSorted()).toEqual(images(single).toSorted())
  // Prometheus asks every node of its own.
  const prometheus = readFileSync(new URL('../../../deploy/prometheus/nodes.yml', import.meta.url), 'utf8')
  for (const region of regions) for (const node of nodes) expect(prometheus).toContain(`'${region}-${node}:8000'`)
  expect(service('prometheus').command).toContain('--config.file=/etc/prometheus/nodes.yml')
})
