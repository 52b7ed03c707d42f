import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ran } from './run.ts'

const published: Readonly<Record<string, string>> = { 'us-east-1': '8000', 'ap-northeast-1': '8002' }

function environmentOf(service: string, [role]: readonly string[]): readonly string[] {
  const [, region = service, node] = /^(.*-\d)-([abc])$/.exec(service) ?? []
  if (role !== 'node' && role !== 'balancer') return []
  return [`LONGITUDE_REGION=${region}`, 'LONGITUDE_NATS=nats://nats:4222', ...(node ? [`LONGITUDE_NODE=${node}`] : [])]
}

const folder = mkdtempSync(join(tmpdir(), 'longitude-compose-'))

const tokyo = 'ap-northeast-1'
/** Of an engine with two regions, of which one is down, a NATS server and the links; and with another project, a region of three nodes of which one is down. */
const containers = [
  { service: 'us-east-1', command: ['node'], state: { Status: 'running', Health: { Status: 'healthy' } } },
  { service: 'eu-west-1', command: ['node'], state: { Status: 'exited' } },
  { service: 'nats-us-east-1', command: [], state: { Status: 'running', Health: { Status: 'healthy' } } },
  { service: 'links', command: ['links', 'run'], state: { Status: 'running' } },
  { service: tokyo, command: ['balancer'], state: { Status: 'running' } },
  ...['a', 'b', 'c'].map((node) => ({
    service: `${tokyo}-${node}`,
    command: ['node'],
    state: { Status: node === 'a' ? 'exited' : 'running' },
  })),
].map(({ service, command, state }) => ({
  Id: service,
  Config: {
    Image: 'longitude',
    Env: environmentOf(service, command),
    Cmd: command,
    Labels: { 'com.docker.compose.service': service },
  },
  State: state,
  NetworkSettings: { Ports: { '8000/tcp': service in published ? [{ HostPort: published[service] }] : null } },
}))
const ofNode = { role: 'following', term: 4, leader: 'c', sequence: 12, durable: 9 }
const status = { region: 'us-east-1', flushed: 7, tables: 2, publishing: true, peers: [] }

/** Answers as Docker does, as far as it is asked. */
const docker = `#!${process.execPath}
const [verb, ...args] = process.argv.slice(2)
const containers = ${JSON.stringify(containers)}
const project = args.find((arg) => arg.startsWith('label='))?.split('=').at(-1)
const isOf = (Id) => project !== 'none' && Id.startsWith('${tokyo}') === (project === 'tokyo')
if (verb === 'ps') console.log(containers.map(({ Id }) => Id).filter(isOf).join('\\n'))
else if (verb === 'inspect') console.log(JSON.stringify(containers.filter(({ Id }) => args.includes(Id))))
else if (args.includes('eu-west-1') || args.includes('${tokyo}-a')) process.exit(1)
else require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, path } = JSON.parse(line)
  const node = args.find((arg) => /-[bc]$/.test(arg))?.at(-1)
  const ofNode = { ...${JSON.stringify(ofNode)}, node, ...(node === 'c' ? { role: 'leading', durable: 12 } : {}) }
  const known = { status: ${JSON.stringify(status)}, node: ofNode, '../ready': node === 'b' ? { reason: 'it copies' } : {} }
  console.log(JSON.stringify({ id, ok: path !== '../ready' || node !== 'b', text: JSON.stringify(known[path]) }))
})
`

beforeAll(() => {
  writeFileSync(join(folder, 'docker'), docker)
  chmodSync(join(folder, 'docker'), 0o755)
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`)
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

test('one command shows the status of all regions of a Compose deployment, and the state of every container', async () => {
  const { status: code, output } = await ran('status', '--compose', 'deploy/compose.yaml')
  expect(code).toBe(0)
  expect(output).toMatch(/us-east-1 +http:\/\/127\.0\.0\.1:8000 +ready +2 +7/)
  expect(output).toMatch(/eu-west-1 +eu-west-1 +down .* the container has ended/)
  expect(output).toMatch(/nats-us-east-1 +running, healthy/)
  expect(output).toMatch(/links +running/)
})

test('a region of three nodes is one row, at its balancer, and has a row for each node', async () => {
  const { output } = await ran('status', '--compose', 'deploy/compose.nodes.yaml', '--project', 'tokyo')
  expect(output.match(/^ *ap-northeast-1 +http.*$/gm)).toHaveLength(1)
  expect(output).toMatch(/ap-northeast-1 +http:\/\/127\.0\.0\.1:8002 +ready +2 +7/)
  expect(output).toMatch(/ a +\S+-a +down .*the container has ended/)
  expect(output).toMatch(/ b +\S+-b +not ready +following +4 +3 +it copies/)
  expect(output).toMatch(/ c +\S+-c +ready +leading +4 +0/)
})

test('in JSON, and for scripts', async () => {
  const { status: code, output } = await ran('status', '--compose', 'deploy/compose.yaml', '--json', '--check')
  expect(code).toBe(2)
  expect(JSON.parse(output)).toMatchObject({
    regions: [
      { region: 'us-east-1', health: 'ready' },
      { region: 'eu-west-1', health: 'down' },
    ],
    containers: expect.arrayContaining([{ service: 'links', state: 'running' }]),
  })
})

test('of a project without containers is refused with what to do', async () => {
  const { status: code, errors } = await ran('status', '--compose', 'deploy/compose.yaml', '--project', 'none')
  expect({ code, errors }).toEqual({
    code: 1,
    errors: expect.stringContaining('has no containers (--project names another)'),
  })
})
