/** What a node shows to a NATS server of its operator's own making, and why its peers need accounts of their own there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, nkeys } from '@nats-io/transport-node'
import { afterAll, expect, it } from 'vitest'
import { connectOnce } from '../../src/adapters/nats/nats-connect.ts'
import { natsAccess } from '../../src/deployment/secrets/nats/nats-access.ts'
import { eventually } from './eventually.ts'
import { freePort } from '../free-port.ts'
import { NatsServerProcess } from './nats.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-credentials-'))
const servers: NatsServerProcess[] = []

afterAll(async () => {
  await Promise.all(servers.map((server) => server.remove()))
  rmSync(folder, { recursive: true, force: true })
})

async function serverWith(name: string, lines: readonly string[]): Promise<NatsServerProcess> {
  const port = await freePort()
  const path = join(folder, `${name}.conf`)
  const store = `jetstream { store_dir: ${JSON.stringify(join(folder, name))} }`
  writeFileSync(path, [`listen: "127.0.0.1:${port}"`, store, ...lines].join('\n'))
  const server = new NatsServerProcess(undefined, port, path)
  servers.push(server)
  await server.start()
  return server
}

it('an nkey lets a node in, and another does not', async () => {
  const [known, stranger] = [nkeys.createUser(), nkeys.createUser()]
  const server = await serverWith('nkey', [`authorization { users: [{ nkey: ${known.getPublicKey()} }] }`])
  const attempt = async (pair: typeof known): Promise<string> => {
    const natsNkey = join(folder, 'seed')
    writeFileSync(natsNkey, pair.getSeed(), { mode: 0o600 })
    const connection = await connectOnce('us', natsAccess({ natsNkey }).own(server.url), 'tries').catch(String)
    if (typeof connection === 'string') return connection
    await connection.close()
    return 'connected'
  }
  expect(await attempt(known)).toBe('connected')
  expect(await attempt(stranger)).toContain('Authorization')
})

it('a user that may only read can write to the stream, while it is in the account of the stream’s owner', async () => {
  const reader = 'permissions { publish { allow: ["$JS.API.CONSUMER.>"] }, subscribe { allow: ["_INBOX_eu.>"] } }'
  const users = `users: [{ user: own, password: own }, { user: reader, password: reader, ${reader} }]`
  const server = await serverWith('injection', [`accounts { REGION { jetstream: enabled, ${users} } }`])
  const own = await connect({ servers: server.url, user: 'own', pass: 'own' })
  const manager = await jetstreamManager(own)
  await manager.streams.add({ name: 'LOG_us', subjects: ['log.us.changes'] })
  await jetstream(own).publish('log.us.changes', 'of us')
  const peer = await connect({ servers: server.url, user: 'reader', pass: 'reader', inboxPrefix: '_INBOX_eu' })
  // What secured.test.ts sees refused at the servers of a deployment.
  peer.publish('$JS.API.CONSUMER.CREATE.LOG_us', '{}', { reply: 'log.us.changes' })
  await eventually('the stream has a message more', async () => {
    return (await manager.streams.info('LOG_us')).state.last_seq > 1
  })
  await Promise.all([own.close(), peer.close()])
})
