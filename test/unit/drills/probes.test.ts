import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { probesMax } from '../../../src/core/limits/drill-limits.ts'
import { parseDrill } from '../../../src/drills/definition/parse-drill.ts'
import type { ProbePlan } from '../../../src/drills/definition/definition.ts'
import { Probes } from '../../../src/drills/run/load/probes.ts'

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

const regions = [
  { region: 'us-east-1', endpoint: 'http://127.0.0.1:1' },
  { region: 'eu-west-1', endpoint: 'http://127.0.0.1:2' },
]
const plan: ProbePlan = { name: 'mine', every: 1, timeout: 20_000, clients: 1 }

async function attemptsOf(more: Partial<ProbePlan>, count: number) {
  const probes = new Probes(regions)
  probes.start({ ...plan, ...more }, (name) => name)
  while (probes.attempts.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  await probes.stop()
  return probes.attempts
}

test('an address is asked again and again; a status that is no success is a failure', async () => {
  let status = 200
  const server = createServer((_, reply) => reply.writeHead(status).end()).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const [first] = await attemptsOf({ url }, 2)
  expect(first).toMatchObject({ home: 'probe mine', client: 'mine-1', fate: 'acknowledged' })
  status = 503
  const [failed] = await attemptsOf({ url, clients: 2 }, 2)
  expect(failed).toMatchObject({ fate: 'unknown', error: 'status 503' })
})

test('a command is told a region, and its status decides', async () => {
  const command = 'test "$AWS_REGION" = eu-west-1 && test "$AWS_ENDPOINT_URL_DYNAMODB" = http://127.0.0.1:2'
  const [good] = await attemptsOf({ command, in: 'eu-west-1' }, 1)
  expect(good?.fate).toBe('acknowledged')
  const [bad] = await attemptsOf({ command: 'echo broken >&2; exit 3' }, 1)
  expect(bad).toMatchObject({ fate: 'unknown', error: 'status 3: broken' })
})

test('a command that does not end is ended, with all that it has started', async () => {
  const [late] = await attemptsOf({ command: 'sleep 600 | sleep 600', timeout: 50 }, 1)
  expect(late).toMatchObject({ fate: 'unknown', error: 'no end within 50 ms' })
})

test('a drill has only so many probes', async () => {
  const probes = new Probes(regions)
  await probes.stop()
  for (let n = 0; n < probesMax; n++) probes.start({ ...plan, command: 'true' }, (name) => name)
  expect(() => probes.start({ ...plan, command: 'true' }, (name) => name)).toThrow(`at most ${probesMax} probes`)
})

test('a probe asks either an address or a command, and names a region of the drill', () => {
  const drill = (step: string) => () => parseDrill(`name: a\ntitle: a\nsteps:\n  - probe: ${step}\n`, 'a.yaml')
  expect(drill('{ name: a, url: "http://127.0.0.1/", command: x }')).toThrow('either a url or a command')
  expect(drill('{ name: a }')).toThrow('either a url or a command')
  expect(drill('{ name: a, url: "ftp://x/" }')).toThrow(/a\.yaml:4:/)
  expect(drill('{ name: a, command: x, in: nowhere }')).toThrow('"nowhere"')
  expect(drill('{ name: a, command: x, in: eu-west-1 }')().steps[0]?.action.do).toBe('probe')
})
