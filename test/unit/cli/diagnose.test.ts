import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type DataFolder, openDataFolder } from '../../../src/deployment/data-folder.ts'
import { recordDeployment } from '../../../src/deployment/running-deployments.ts'
import { adminToken } from '../../../src/deployment/secrets/admin-token.ts'
import { makeMessageKeys, messageKeyPath, messageKeysName } from '../../../src/deployment/secrets/keys/message-keys.ts'
import { makeNatsSecrets, natsSecretsName, seedPath } from '../../../src/deployment/secrets/nats/nats-secrets.ts'
import { startControlServer } from '../../../src/supervisor/control/supervisor-server.ts'
import { RecentLines } from '../../../src/supervisor/recent-lines.ts'
import { ran } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-diagnose-'))
const data = mkdtempSync(join(folder, 'data-'))
const keys = join(folder, 'keys.json')
const secretKey = 'wJalrXUtnFEMI/K7MDENG"bPxRfiCYEXAMPLEKEY'
const longSecret = 'Zm9vYmFyYmF6'.repeat(20)
const sessionToken = 'FwoGZXIvYXdzEXAMPLETOKEN'
const archive = join(folder, 'out.tar.gz')
let secrets: readonly string[] = []
const servers: Server[] = []
let opened: DataFolder | undefined

/** A node, a cache or anything else that says more than it should. */
async function leaky(): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/admin/status') === true)
      response.end(
        JSON.stringify({ region: 'us-east-1', flushed: 7, tables: 1, publishing: true, peers: [], said: secrets }),
      )
    else response.end(`longitude_log_position 7\n# ${secrets.join(' ')}\n`)
  })
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  vi.stubEnv('XDG_STATE_HOME', join(folder, 'state'))
  writeFileSync(
    keys,
    JSON.stringify({ credentials: [{ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secretKey, sessionToken }] }),
  )
  chmodSync(keys, 0o600)
  const endpoint = await leaky()
  opened = await openDataFolder(data, [{ name: 'us-east-1', number: 1 }], { endpoints: { 'us-east-1': endpoint } })
  const token = adminToken({ data })
  makeNatsSecrets(join(data, natsSecretsName), ['us-east-1'])
  makeMessageKeys(join(data, messageKeysName), ['us-east-1'])
  const files = [
    seedPath(join(data, natsSecretsName), 'us-east-1', 'node'),
    seedPath(join(data, natsSecretsName), 'us-east-1', 'cache'),
    messageKeyPath(join(data, messageKeysName), 'us-east-1'),
  ]
  secrets = [token, secretKey, sessionToken, ...files.map((path) => readFileSync(path, 'utf8').trim())]
  recordDeployment({ data, basePort: 47, regions: ['us-east-1'], credentials: keys }, { name: 'shop' })
  const recent = new RecentLines()
  for (const secret of secrets) recent.add(JSON.stringify({ event: 'leaked', secret }))
  recent.add('{"event":"the last line"}')
  await startControlServer({
    data,
    port: 0,
    token,
    faults: { states: [{ region: 'us-east-1', node: 'ready', nats: 'ready' }], active: [] } as never,
    links: endpoint,
    endpoints: { 'us-east-1': endpoint },
    diagnosis: () => ({ lines: recent.lines, natsServer: '2.12.1', options: { credentials: keys, said: secrets } }),
  })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await opened?.release()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

function textOf(name: string): string {
  const [path = ''] = names().filter((each) => each.endsWith(name))
  return execFileSync('tar', ['-xzOf', archive, path], { encoding: 'utf8' })
}

function names(): readonly string[] {
  return execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n')
}

describe('longitude diagnose', () => {
  test('writes one archive that tar reads, for its owner alone, with what is known', async () => {
    vi.stubEnv('LONGITUDE_ADMIN_TOKEN_FILE', join(data, 'admin-token'))
    const { status, output } = await ran('diagnose', '--out', archive, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ path: archive, files: expect.arrayContaining(['status.json']) })
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    expect(textOf('versions.json')).toContain(process.version)
    expect(textOf('configuration.json')).toContain('"name": "shop"')
    expect(textOf('status.txt')).toMatch(/us-east-1 .* ready/)
    expect(textOf('metrics/us-east-1.txt')).toContain('longitude_log_position 7')
    expect(textOf('logs/up.log')).toContain('the last line')
    expect(textOf('up.json')).toContain('2.12.1')
    // The cache does not run.
    expect(textOf('missing.txt')).toContain('metrics/cache-us-east-1.txt: connect ECONNREFUSED')
  })

  test('has no secret of the deployment in it, wherever one was said', () => {
    expect(secrets.length).toBe(6)
    const whole = names().map((name) => execFileSync('tar', ['-xzOf', archive, name], { encoding: 'utf8' }))
    // They were said in these.
    for (const name of ['metrics/us-east-1.txt', 'logs/up.log', 'up.json']) expect(textOf(name)).toContain('[secret]')
    for (const secret of secrets)
      for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) expect(whole.join('\n')).not.toContain(form)
  })

  test('says where it cannot be written', async () => {
    const { status, errors } = await ran('diagnose', '--out', join(folder, 'none', 'x.tar.gz'))
    expect({ status, errors }).toEqual({ status: 1, errors: expect.stringContaining('--out names another place') })
  })
})

test('the log that is remembered is bounded, and its end is kept', () => {
  const recent = new RecentLines()
  for (let n = 0; n < 3000; n++) recent.add(`${n} ${'x'.repeat(1000)}`)
  const { lines } = recent
  expect(lines.reduce((sum, line) => sum + line.length, 0)).toBeLessThanOrEqual(512 * 1024)
  expect(lines.at(-1)).toMatch(/^2999 /)
  // A line is cut between words, so that no part of a secret is left.
  recent.add(`${'y '.repeat(2040)}"${longSecret}"`)
  expect(recent.lines.at(-1)).toBe(`${'y '.repeat(2040)}"…`)
})
