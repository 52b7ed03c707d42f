/** The chart of deploy/chart: what helm makes of it is committed, and is what Kubernetes takes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { placesOf, severalOptions } from '../../src/deployment/node-hosts.ts'
import { groupServersOf } from '../../src/deployment/quorum-host.ts'
import { knownKinds, mistakesOf } from './kubernetes-schema.ts'
import { chart, examples, headOf, helmTemplate, type Manifest, manifestsIn, renderedFile } from './render.ts'

type Container = {
  readonly name: string
  readonly image: string
  readonly securityContext: object
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}
type PodSpec = {
  readonly securityContext: object
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string }[]
}

function manifestsOf(example: string): readonly Manifest[] {
  return Object.values(manifestsIn(readFileSync(renderedFile(example), 'utf8')))
}

/** That of the nodes, or of its quorum server among those of the other regions. */
function setOf(example: string, isOf = (name: string): boolean => !name.endsWith('-group')): Manifest | undefined {
  return manifestsOf(example).find(({ kind, metadata }) => kind === 'StatefulSet' && isOf(metadata.name))
}
const isGroup = (name: string): boolean => name.endsWith('-group')

function podOf(example: string, isOf?: (name: string) => boolean): PodSpec {
  const set = setOf(example, isOf)
  if (set?.spec === undefined) throw new Error(`${example} has no such StatefulSet`)
  return (set.spec['template'] as { readonly spec: PodSpec }).spec
}

function claimsOf(example: string, isOf?: (name: string) => boolean): readonly string[] {
  const set = setOf(example, isOf)
  const claims = (set?.spec?.['volumeClaimTemplates'] ?? []) as readonly Manifest[]
  return claims.map(({ metadata }) => metadata.name)
}

describe.each(examples)('the manifests of examples/%s', (example) => {
  test('are of this chart (npx tsx test/chart/render.ts --write makes them, with helm)', (context) => {
    expect(readFileSync(renderedFile(example), 'utf8').startsWith(headOf(example))).toBe(true)
    const made = helmTemplate(example)
    if (made === undefined) context.skip('no helm: only the digest was compared')
    else expect(manifestsIn(readFileSync(renderedFile(example), 'utf8'))).toEqual(manifestsIn(made))
  })

  test('are what Kubernetes 1.37 takes, member by member', () => {
    const known = manifestsOf(example).filter(({ kind }) => kind !== 'ServiceMonitor')
    expect(known.map(({ kind }) => kind)).toContain('StatefulSet')
    expect(known.flatMap(mistakesOf)).toEqual([])
  })

  test('run nothing as root, and nothing that writes to its root', () => {
    const pods = [podOf(example), ...(setOf(example, isGroup) === undefined ? [] : [podOf(example, isGroup)])]
    for (const { securityContext, containers } of pods) {
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 10001,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      for (const container of containers)
        expect(container.securityContext, container.name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
    }
  })

  test('mount what they name, and the secrets for reading only', () => {
    const { containers, volumes } = podOf(example)
    const named = new Set([...volumes.map(({ name }) => name), ...claimsOf(example)])
    const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts)
    expect(mounts.filter(({ name }) => !named.has(name))).toEqual([])
    for (const mount of mounts.filter(({ name }) => name === 'private')) expect(mount.readOnly).toBe(true)
  })
})

test('a quorum server is there where it is asked for, with a claim, and at the ports that `longitude deployment` writes', () => {
  const withServer = examples.filter((example) => podOf(example).containers.some(({ name }) => name === 'quorum'))
  expect(withServer).toEqual(['full.yaml', 'three-nodes.yaml'])
  expect(claimsOf('full.yaml')).toEqual(['data', 'nats', 'quorum'])
  const ports = manifestsOf('full.yaml')
    .filter(({ kind }) => kind === 'Service')
    .flatMap(({ spec }) => spec?.['ports'] as readonly { readonly name: string; readonly port: number }[])
  const portOf = (wanted: string): number | undefined => ports.findLast(({ name }) => name === wanted)?.port
  expect(portOf('quorum')).toBe((portOf('nats') ?? 0) + 2)
})

describe('a region of three nodes', () => {
  const all = manifestsOf('three-nodes.yaml')
  const specOf = (kind: string): Readonly<Record<string, unknown>> =>
    all.find((each) => each.kind === kind && !isGroup(each.metadata.name))?.spec ?? {}
  const name = 'my-us-east-1'
  const selector = {
    'app.kubernetes.io/name': 'longitude',
    'app.kubernetes.io/instance': 'my',
    'longitude/region': 'us-east-1',
  }

  test('has three pods that start together, of which one may go at a time', () => {
    expect(specOf('StatefulSet')).toMatchObject({ replicas: 3, podManagementPolicy: 'Parallel' })
    expect(specOf('PodDisruptionBudget')['maxUnavailable']).toBe(1)
    expect(claimsOf('three-nodes.yaml')).toEqual(['data', 'nats', 'quorum'])
  })

  test('has its pods on machines and in zones of their own', () => {
    const terms = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => {
      return { topologyKey, labelSelector: { matchLabels: selector } }
    })
    expect(podOf('three-nodes.yaml')).toMatchObject({
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
    })
    expect(podOf('one-cluster.yaml')).not.toHaveProperty('affinity')
  })

  test('lets other regions dial each NATS server, and nothing but its own pods the ports between nodes', () => {
    const dialled = all.filter(({ kind, metadata }) => kind === 'Service' && metadata.name.includes('-nats'))
    expect(dialled.map(({ metadata, spec }) => [metadata.name, spec?.['selector'], spec?.['ports']])).toEqual(
      [0, 1, 2].map((n) => [
        `${name}-nats-${n}`,
        { ...selector, 'statefulset.kubernetes.io/pod-name': `${name}-${n}` },
        [{ name: 'nats', port: 4222, targetPort: 'nats' }],
      ]),
    )
    const { ingress } = specOf('NetworkPolicy') as { ingress: readonly { ports: readonly { port: string }[] }[] }
    const inner = ingress.filter(({ ports }) => ports.some(({ port }) => port === 'node' || port === 'quorum'))
    expect(inner).toEqual([
      {
        ports: [
          { port: 'quorum', protocol: 'TCP' },
          { port: 'node', protocol: 'TCP' },
        ],
        from: [{ podSelector: { matchLabels: selector } }],
      },
    ])
  })

  test('is found where the files of `longitude deployment --pods` say, each pod by its number', () => {
    const nodes = ['a', 'b', 'c'].map((node) => ({ node, host: `${node}.example.org`, natsPort: 4222 }))
    const [place] = placesOf(
      { region: 'us-east-1', host: 'a.example.org', natsPort: 4222, nodes },
      { 'us-east-1': name },
    )
    if (place === undefined) throw new Error('no place')
    const { serviceName } = specOf('StatefulSet') as { serviceName: string }
    const told = [0, 1, 2].map((n) => [String(n), `${name}-${n}.${serviceName}:4225`])
    expect(severalOptions(place, '/etc/longitude')['nodeAt']).toEqual(Object.fromEntries(told))
    const valueFrom = { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } }
    const containers = podOf('three-nodes.yaml').containers as readonly (Container & {
      readonly args: readonly string[]
      readonly env?: readonly object[]
      readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
    })[]
    const [node, quorum] = ['node', 'quorum'].map((wanted) => containers.find((each) => each.name === wanted))
    expect(node?.env).toContainEqual({ name: 'LONGITUDE_NODE', valueFrom })
    expect(quorum).toMatchObject({
      args: ['--config', '/etc/longitude/quorum-$(NODE).conf'],
      env: [{ name: 'NODE', valueFrom }],
    })
    const ports = Object.fromEntries(
      containers.flatMap((each) => each.ports ?? []).map((each) => [each.name, each.containerPort]),
    )
    expect(ports).toEqual({ api: 8000, nats: 4222, quorum: 4224, node: 4225 })
  })
})

describe('the quorum server of a region of three nodes among those of the other regions', () => {
  const set = 'my-us-east-1'
  const all = manifestsOf('three-nodes.yaml').filter(({ metadata }) => /-(group|quorum)$/.test(metadata.name))
  const named = (kind: string, name: string): Readonly<Record<string, unknown>> =>
    all.find((each) => each.kind === kind && each.metadata.name === name)?.spec ?? {}
  const selector = {
    'app.kubernetes.io/name': 'longitude-quorum',
    'app.kubernetes.io/instance': 'my',
    'longitude/region': 'us-east-1',
  }

  test('is a pod of its own, which no Service of the nodes selects, with its claim and with nothing of what nodes have', () => {
    const { containers, volumes } = podOf('three-nodes.yaml', isGroup)
    expect(named('StatefulSet', `${set}-group`)).toMatchObject({
      replicas: 1,
      serviceName: `${set}-group`,
      selector: { matchLabels: selector },
    })
    expect(claimsOf('three-nodes.yaml', isGroup)).toEqual(['group'])
    const keys = ['group-quorum.conf', 'quorum.crt', 'quorum.key', 'ca.crt']
    const secret = {
      secretName: 'longitude-us-east-1',
      defaultMode: 0o440,
      items: keys.map((key) => ({ key, path: key })),
    }
    expect(volumes).toEqual([{ name: 'private', secret }])
    expect(containers[0]).toMatchObject({ args: ['--config', '/etc/longitude/group-quorum.conf'] })
  })

  test('is reached where `longitude deployment` says: by the nodes of the region, and by the servers of the other regions', () => {
    const at = { host: 'virginia-quorum.example.org', port: 4224 }
    const host = (region: string) => ({ region, host: `${region}.example.org`, natsPort: 4222 })
    const nodes = ['a', 'b', 'c'].map((node) => ({ node, host: `${node}.example.org`, natsPort: 4222 }))
    const [server] = groupServersOf({
      hosts: [{ ...host('us-east-1'), nodes }, host('eu-west-1'), host('ap-northeast-1')],
      pods: { 'us-east-1': set },
      groupQuorumAt: { 'us-east-1': at },
    })
    expect(server).toMatchObject({ url: `tls://${set}-group:4223`, file: 'group-quorum.conf' })
    const { containers } = podOf('three-nodes.yaml', isGroup) as unknown as {
      readonly containers: readonly { readonly ports: readonly { readonly containerPort: number }[] }[]
    }
    const listening = [server?.listen.node, server?.listen.route].map((text) => Number(text?.split(':')[1]))
    expect(containers[0]?.ports.map(({ containerPort }) => containerPort)).toEqual(listening)
    expect(named('Service', `${set}-group`)).toMatchObject({ clusterIP: 'None', selector, ports: [{ port: 4223 }] })
    expect(named('Service', `${set}-quorum`)).toMatchObject({
      selector,
      ports: [{ port: at.port, targetPort: 'quorum' }],
    })
    expect(all.find(({ metadata }) => metadata.name === `${set}-quorum`)?.metadata).toMatchObject({
      annotations: { 'external-dns.alpha.kubernetes.io/hostname': at.host },
    })
    const ofNodes = { podSelector: { matchLabels: { ...selector, 'app.kubernetes.io/name': 'longitude' } } }
    expect(named('NetworkPolicy', `${set}-group`)['ingress']).toEqual([
      { ports: [{ port: 'nodes', protocol: 'TCP' }], from: [ofNodes] },
      { ports: [{ port: 'quorum', protocol: 'TCP' }], from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
    ])
  })
})

test('a mistake in a manifest is found', () => {
  const [set] = manifestsOf('one-cluster.yaml').filter(({ kind }) => kind === 'StatefulSet')
  expect(mistakesOf({ ...set, spec: { ...set?.spec, replicas: 'one' } } as Manifest)).toEqual([
    'StatefulSet.spec.replicas: string is no integer or null',
  ])
  expect(mistakesOf({ ...set, sepc: {} } as unknown as Manifest)).toEqual(['StatefulSet: sepc is not known'])
  expect(knownKinds).toHaveLength(5)
})

test('the NATS server of the chart is the one of Compose', () => {
  const { natsImage } = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as { natsImage: { tag: string } }
  expect(readFileSync(join(chart, '..', 'compose.yaml'), 'utf8')).toContain(`nats:${natsImage.tag}@`)
})

test('the chart has the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(chart, '..', '..', 'package.json'), 'utf8')) as { version: string }
  const { appVersion } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as { appVersion: string }
  expect(appVersion).toBe(version)
})
