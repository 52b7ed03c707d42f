/** `longitude up --tls --nodes 3`: each node and each of its servers is asked by TLS. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { layOut } from '../../../src/deployment/layout.ts'
import { readRegions } from '../../../src/deployment/regions.ts'
import { makeNatsSecrets } from '../../../src/deployment/secrets/nats/nats-secrets.ts'
import { membersOf } from '../../../src/supervisor/children/members.ts'
import { peerFlags } from '../../../src/supervisor/flags/child-flags.ts'
import { prepareQuorum } from '../../../src/supervisor/nats/quorum-process.ts'
import { quorumFlags } from '../../../src/supervisor/nats/quorum-servers.ts'

let data = ''
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'longitude-tls-nodes-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const regions = ['us-east-1', 'eu-west-1']
const tls = { cert: '/tls/server.crt', key: '/tls/server.key', ca: '/tls/authority.crt' }
const layoutOf = () => {
  const place = { regions, basePort: 8000, data, host: '127.0.0.1' }
  return layOut({ ...place, latency: false, cache: false, nodes: 3 }, readRegions())
}

test('a node reaches its quorum server, and the NATS servers of the other region’s nodes, by TLS', () => {
  const layout = layoutOf()
  const [first] = layout.regions
  if (first === undefined) throw new Error('no region')
  for (const member of membersOf(first))
    expect(quorumFlags(member, { layout, tls })['quorum']).toBe(`tls://127.0.0.1:${member.quorum?.port}`)
  const [peer = ''] = peerFlags(layout, 'us-east-1', tls)
  expect(peer).toMatch(/^--peer=eu-west-1=tls:\/\/127\.0\.0\.1:\d+(,tls:\/\/127\.0\.0\.1:\d+){2}$/)
})

test('the quorum servers of a region’s nodes show nodes the deployment’s certificate, and each other their own', () => {
  const layout = layoutOf()
  const secrets = join(data, 'nats-secrets')
  makeNatsSecrets(secrets, regions)
  for (const plan of layout.regions.flatMap(membersOf)) {
    prepareQuorum({ plan, layout, secrets, tls })
    const conf = readFileSync(join(plan.folder, 'quorum.conf'), 'utf8')
    const [clients = '', routes = ''] = conf.split('cluster {')
    expect(clients).toContain('cert_file: "/tls/server.crt"')
    expect(routes).toContain(`cert_file: ${JSON.stringify(join(secrets, 'quorum-servers.crt'))}`)
    expect(routes).toContain(`ca_file: ${JSON.stringify(join(secrets, 'quorum-servers.crt'))}`)
  }
})
