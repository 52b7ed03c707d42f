import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ran } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-compose-'))

/** Of an engine with two regions, of which one is down, a NATS server and the links. */
const containers = [
  { service: 'us-east-1', command: ['node'], state: { Status: 'running', Health: { Status: 'healthy' } } },
  { service: 'eu-west-1', command: ['node'], state: { Status: 'exited' } },
  { service: 'nats-us-east-1', command: [], state: { Status: 'running', Health: { Status: 'healthy' } } },
  { service: 'links', command: ['links', 'run'], state: { Status: 'running' } },
].map(({ service, command, state }) => ({
  Id: service,
  Config: {
    Image: 'longitude',
    Env: command[0] === 'node' ? [`LONGITUDE_REGION=${service}`, 'LONGITUDE_NATS=nats://nats:4222'] : [],
    Cmd: command,
    Labels: { 'com.docker.compose.service': service },
  },
  State: state,
  NetworkSettings: { Ports: { '8000/tcp': service === 'us-east-1' ? [{ HostPort: '8000' }] : null } },
}))
const status = { region: 'us-east-1', flushed: 7, tables: 2, publishing: true, peers: [] }

/** Answers as Docker does, as far as it is asked. */
const docker = `#!${process.execPath}
const [verb, ...args] = process.argv.slice(2)
const containers = ${JSON.stringify(containers)}
if (verb === 'ps') console.log(args.includes('label=com.docker.compose.project=none') ? '' : containers.map(({ Id }) => Id).join('\\n'))
else if (verb === 'inspect') console.log(JSON.stringify(containers.filter(({ Id }) => args.includes(Id))))
else if (args.includes('eu-west-1')) process.exit(1)
else require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, path } = JSON.parse(line)
  const text = path === 'status' ? ${JSON.stringify(JSON.stringify(status))} : '{}'
  console.log(JSON.stringify({ id, ok: true, text }))
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
