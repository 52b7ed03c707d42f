/** What JetStream answers when it refuses, provoked with real servers: the kind that the node makes of it, and that it goes on by itself afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { streamBytesMax } from '../../src/core/limits/limits.ts'
import { asRefusal, type StreamRefused } from '../../src/core/stream-refusal.ts'
import { freePort } from '../free-port.ts'
import { eventually } from './eventually.ts'
import { natsBinaries, NatsServerProcess, quiet } from './nats.ts'

vi.setConfig({ testTimeout: 60_000 })

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

/** A server whose configuration a test changes while it runs. */
class Configured {
  readonly server: NatsServerProcess
  readonly bus: NatsBus
  readonly #folder: string
  readonly #path: string
  readonly #head: string

  static async start(binary: string, lines: string): Promise<Configured> {
    const folder = mkdtempSync(join(tmpdir(), 'longitude-refusals-'))
    undo.push(() => rmSync(folder, { recursive: true, force: true }))
    const port = await freePort()
    const configured = new Configured(binary, port, folder, lines)
    await configured.server.start()
    return configured
  }

  private constructor(binary: string, port: number, folder: string, lines: string) {
    this.#path = join(folder, 'nats.conf')
    this.#head = `server_name: a\nlisten: "127.0.0.1:${port}"\n`
    this.#folder = folder
    this.#write(lines)
    this.server = new NatsServerProcess(binary, port, this.#path)
    undo.push(() => this.server.remove())
    const credentials = { user: 'node', pass: 'node' }
    this.bus = startNatsBus({ region: 'a', own: { url: this.server.url, credentials }, peers: {}, log: quiet })
    undo.push(() => this.bus.close())
  }

  reload(lines: string): void {
    this.#write(lines)
    this.server.reload()
  }

  async restart(lines: string): Promise<void> {
    await this.server.kill()
    this.#write(lines)
    await this.server.start()
  }

  /** As somebody else with the node's account. */
  async manager(): Promise<JetStreamManager> {
    const connection = await connect({ servers: this.server.url, user: 'node', pass: 'node' })
    undo.push(() => connection.close())
    return await jetstreamManager(connection, { checkAPI: false })
  }

  async refusal(payload: Buffer = Buffer.from('x')): Promise<StreamRefused | undefined> {
    try {
      const { sequence } = await this.bus.stream.last()
      await this.bus.stream.append(payload, sequence)
      return undefined
    } catch (error) {
      return asRefusal(error)
    }
  }

  /** Resolves once the node has met the refusal. */
  async refuses(expected: { readonly kind: string; readonly code?: number }, payload?: Buffer): Promise<StreamRefused> {
    let last: StreamRefused | undefined
    await eventually(`it refuses: ${expected.kind}`, async () => {
      last = await this.refusal(payload)
      return last?.kind === expected.kind
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}, but ${last?.kind}: ${last?.message}`, { cause: error })
    })
    expect(last).toMatchObject(expected)
    return last as StreamRefused
  }

  async takes(payload?: Buffer): Promise<void> {
    let last: StreamRefused | undefined
    await eventually('a message is stored', async () => (last = await this.refusal(payload)) === undefined).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}, but ${last?.kind}: ${last?.message}`, { cause: error })
      },
    )
  }

  #write(lines: string): void {
    writeFileSync(this.#path, this.#head + lines.replaceAll('STORE', join(this.#folder, 'store')))
  }
}

const store = 'jetstream { store_dir: "STORE" }'
const user = 'user: node, password: node'
const plain = `${store}\nauthorization { users: [{ ${user} }] }`
const account = (jetStream: string, permissions = ''): string =>
  `${store}\naccounts { GT { jetstream: ${jetStream}, users: [{ ${user} ${permissions} }] } }`

describe.each(await natsBinaries())('refusals of %s', (binary) => {
  it('a server with less room than any stream needs: full, until it has more', async () => {
    const small = plain.replace('store_dir', 'max_file_store: 1MB, store_dir')
    const configured = await Configured.start(binary, small)
    const refused = await configured.refuses({ kind: 'full', code: 10_047 })
    expect(refused.message).toContain('has no room for the stream')
    expect(refused.advice).toContain('max_file_store')
    await configured.restart(plain)
    await configured.takes()
    const { config } = await (await configured.manager()).streams.info('LOG_a')
    expect(config.max_bytes).toBe(streamBytesMax)
  })

  it('an account that may store less: full, until it may store more', async () => {
    const configured = await Configured.start(binary, account('{ max_file: 1MB }'))
    await configured.refuses({ kind: 'full' })
    configured.reload(account('{ max_file: 4GB }'))
    await configured.takes()
  })

  it('JetStream off at the server: disabled, until it is on', async () => {
    const configured = await Configured.start(binary, plain.replace(store, ''))
    const refused = await configured.refuses({ kind: 'disabled' })
    expect(refused.advice).toContain('JetStream must be on')
    await configured.restart(plain)
    await configured.takes()
  })

  it('JetStream off for the account: disabled, until it is on', async () => {
    const configured = await Configured.start(binary, account('disabled'))
    await configured.refuses({ kind: 'disabled' })
    configured.reload(account('enabled'))
    await configured.takes()
  })

  it('as many streams as the account may have: wrong, until there is place', async () => {
    const configured = await Configured.start(binary, account('{ max_streams: 1, max_file: 4GB }'))
    const manager = await configured.manager()
    await eventually('the stream of somebody else is first', async () => {
      await manager.streams.delete('LOG_a').catch(() => undefined)
      return await manager.streams.add({ name: 'other', subjects: ['other'] }).then(
        () => true,
        () => false,
      )
    })
    const refused = await configured.refuses({ kind: 'wrong', code: 10_027 })
    expect(refused.advice).toContain('more streams')
    await manager.streams.delete('other')
    await configured.takes()
  })

  it('another stream that records the same: wrong, until it is deleted', async () => {
    const configured = await Configured.start(binary, plain)
    const manager = await configured.manager()
    await manager.streams.add({ name: 'other', subjects: ['log.>'] })
    const refused = await configured.refuses({ kind: 'wrong', code: 10_065 })
    expect(refused.advice).toContain('delete the other stream')
    await manager.streams.delete('other')
    await configured.takes()
  })

  it.each(['log.a.changes', '$JS.API.STREAM.CREATE.LOG_a', '$JS.API.STREAM.INFO.LOG_a'])(
    'no permission for %s: denied, until there is one',
    async (subject) => {
      const permissions = `, permissions { publish { deny: ["${subject}"] } }`
      const configured = await Configured.start(binary, account('enabled', permissions))
      const refused = await configured.refuses({ kind: 'denied' })
      expect(refused.message).toContain(subject)
      configured.reload(account('enabled'))
      await configured.takes()
    },
  )

  it('a message larger than the server takes: too large, until it takes such', async () => {
    const configured = await Configured.start(binary, `max_payload: 1KB\n${plain}`)
    const refused = await configured.refuses({ kind: 'too large' }, Buffer.alloc(5000))
    expect(refused.advice).toContain('max_payload')
    await configured.takes(Buffer.alloc(100))
    configured.reload(`max_payload: 8MB\n${plain}`)
    await configured.takes(Buffer.alloc(5000))
  })

  it('a message that does not follow the last: behind, and the end is read again', async () => {
    const configured = await Configured.start(binary, plain)
    await configured.takes()
    await expect(configured.bus.stream.append(Buffer.from('stale'), 0)).rejects.toMatchObject({ kind: 'behind' })
    await configured.takes()
  })

  it('the stream deleted while messages come: gone, and made again', async () => {
    const configured = await Configured.start(binary, plain)
    await configured.takes()
    const { sequence } = await configured.bus.stream.last()
    await (await configured.manager()).streams.delete('LOG_a')
    await expect(configured.bus.stream.append(Buffer.from('x'), sequence)).rejects.toMatchObject({ kind: 'gone' })
    await configured.takes()
  })

  const changes: readonly (readonly [string, Partial<StreamConfig>, string | undefined])[] = [
    ['is sealed', { sealed: true }, 'unusable'],
    ['takes small messages only', { max_msg_size: 3 }, 'unusable'],
    ['is full by messages', { max_msgs: 1, discard: 'new' }, 'full'],
    ['is full by bytes', { max_bytes: 100, discard: 'new' }, 'full'],
    ['acknowledges nothing', { no_ack: true }, undefined],
  ]
  it.each(changes)('a stream that %s: it is as it must be again, and takes messages', async (_, change, kind) => {
    const configured = await Configured.start(binary, plain)
    await configured.takes()
    const { sequence } = await configured.bus.stream.last()
    const manager = await configured.manager()
    await manager.streams.update('LOG_a', change)
    if (kind !== undefined)
      await expect(configured.bus.stream.append(Buffer.alloc(200), sequence)).rejects.toMatchObject({ kind })
    await configured.takes(Buffer.alloc(200))
    const { config } = await manager.streams.info('LOG_a')
    expect(config).toMatchObject({ discard: 'old', max_bytes: streamBytesMax, max_msgs: -1, max_msg_size: -1 })
    expect([config.sealed ?? false, config.no_ack ?? false]).toEqual([false, false])
  })

  const others: readonly (readonly [string, Partial<StreamConfig>])[] = [
    ['in memory', { storage: 'memory', subjects: ['log.a.changes'] }],
    ['of a queue', { retention: 'workqueue', subjects: ['log.a.changes'] }],
    ['for two consumers', { max_consumers: 2, subjects: ['log.a.changes'] }],
    ['that mirrors another', { mirror: { name: 'other' } }],
  ]
  it.each(others)('a stream of that name %s is made anew', async (_, config) => {
    const configured = await Configured.start(binary, plain)
    await configured.takes()
    const manager = await configured.manager()
    await manager.streams.delete('LOG_a')
    await manager.streams.add({ ...config, name: 'LOG_a' })
    await configured.takes()
    const found = (await manager.streams.info('LOG_a')).config
    expect(found).toMatchObject({
      storage: 'file',
      retention: 'limits',
      max_consumers: -1,
      subjects: ['log.a.changes'],
    })
  })

  it('a peer hears why there is no stream, and that its consumer was deleted', async () => {
    const configured = await Configured.start(binary, plain)
    await configured.takes()
    const manager = await configured.manager()
    const credentials = { user: 'node', pass: 'node' }
    const own = { url: 'nats://127.0.0.1:1' }
    const peers = { a: { url: configured.server.url, credentials } }
    const peer = startNatsBus({ region: 'b', own, peers, log: quiet })
    undo.push(() => peer.close())
    const session = await peer.connect('a')
    session.consume(1, () => undefined)
    await eventually('it has a consumer', async () => (await manager.consumers.list('LOG_a').next()).length === 1)
    const [consumer] = await manager.consumers.list('LOG_a').next()
    await manager.consumers.delete('LOG_a', consumer?.name ?? '')
    expect(await session.closed).toMatch(/consumer/i)
    const again = await peer.connect('a')
    await manager.streams.delete('LOG_a')
    await expect(again.state().answer).rejects.toMatchObject({ kind: 'gone', code: 10_059 })
  })
})
