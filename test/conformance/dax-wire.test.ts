/** DAX's protocol below the clients: who is let in, in what order answers come, and how a connection ends. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { Dax } from '@amazon-dax-sdk/client-dax'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { CborReader } from '../../src/core/cbor/cbor-reader.ts'
import { CborScanner } from '../../src/core/cbor/cbor-scanner.ts'
import { CborWriter } from '../../src/core/cbor/cbor-writer.ts'
import type { CborValue } from '../../src/core/cbor/cbor-value.ts'
import { signingKey } from '../../src/http/access/signer.ts'
import { SessionKeys } from '../../src/http/access/session-keys.ts'
import { createHmac, randomBytes } from 'node:crypto'
import { tags } from '../../src/core/dax/protocol.ts'
import { authorization, frame, greeting } from '../unit/dax/sample-frames.ts'
import { type CachedRegion, cachedRegion } from './cached-region.ts'

class Connection {
  readonly socket: Socket
  readonly ended: Promise<unknown>
  #received: Buffer = Buffer.alloc(0)
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    this.ended = once(socket, 'close')
    socket.on('error', () => {})
    socket.on('data', (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece])
      this.#wake()
    })
  }

  /** The next values that come, so many. */
  async values(count: number): Promise<CborValue[]> {
    const values: CborValue[] = []
    while (values.length < count) {
      const end = new CborScanner().scan(this.#received, 0)
      if (end === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      values.push(new CborReader(this.#received.subarray(0, end)).value())
      this.#received = this.#received.subarray(end)
    }
    return values
  }

  /** The codes of an error, and DynamoDB's own. */
  async refusal(): Promise<readonly unknown[]> {
    const [codes, , details] = await this.values(3)
    return [codes, (details as CborValue[])[1]]
  }
}

async function connected(world: CachedRegion): Promise<Connection> {
  const { port } = new URL(world.daxUrl)
  const socket = connect({ host: '127.0.0.1', port: Number(port) })
  await once(socket, 'connect')
  return new Connection(socket)
}

async function makeThings({ region }: CachedRegion): Promise<void> {
  await region.send(
    new CreateTableCommand({
      TableName: 'Things',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  )
}

const getItem = (pk: string): Buffer =>
  frame('getItem', (writer) => writer.bytes(Buffer.from('Things')).bytes(Buffer.from(pk)).null())
const putItem = (pk: string, list: number, value: string): Buffer =>
  frame('putItem', (writer) =>
    writer
      .bytes(Buffer.from('Things'))
      .bytes(Buffer.from(pk))
      .bytes(new CborWriter().integer(list).text(value).finish())
      .null(),
  )

describe('a connection', () => {
  let world: CachedRegion
  const open: Connection[] = []
  const begin = async (): Promise<Connection> => {
    const connection = await connected(world)
    open.push(connection)
    return connection
  }

  beforeAll(async () => {
    world = await cachedRegion({ dax: {} })
    await makeThings(world)
  })
  afterEach(() => {
    for (const { socket } of open.splice(0)) socket.destroy()
    expect(world.logged).toEqual([])
  })
  afterAll(() => world.close())

  it('answers requests that come together in their order', async () => {
    const connection = await begin()
    connection.socket.write(
      Buffer.concat([
        greeting(),
        authorization(),
        frame('defineAttributeListId', (writer) => writer.array(1).text('v')),
      ]),
    )
    const [ok, id] = await connection.values(2)
    expect(ok).toEqual([])
    const keys = Array.from({ length: 20 }, (_, n) => `p${n}`)
    connection.socket.write(Buffer.concat(keys.map((key) => putItem(key, Number(id), key))))
    await connection.values(2 * keys.length)
    connection.socket.write(Buffer.concat([...keys, ...keys].map(getItem)))
    const answers = await connection.values(4 * keys.length)
    const items = answers.filter((_, n) => n % 2 === 1).map((answer) => (answer as Map<number, Buffer>).get(0))
    const expected = keys.map((key) => new CborWriter().integer(Number(id)).text(key).finish())
    expect(items).toEqual([...expected, ...expected])
  })

  it('tells where the cluster is, what it serves, and keys', async () => {
    const connection = await begin()
    connection.socket.write(Buffer.concat([greeting(), authorization(), frame('endpoints'), frame('services')]))
    const [, nodes, , services] = await connection.values(4)
    const [node] = nodes as Map<number, CborValue>[]
    const { port } = new URL(world.daxUrl)
    expect([node?.get(2), node?.get(3), node?.get(4)]).toEqual([Buffer.from([127, 0, 0, 1]), Number(port), 1])
    expect(services).toEqual([1])
    connection.socket.write(frame('defineKeySchema', (writer) => writer.bytes(Buffer.from('Things'))))
    expect((await connection.values(2))[1]).toEqual(new Map([['pk', 'S']]))
    connection.socket.write(frame('defineKeySchema', (writer) => writer.bytes(Buffer.from('Nothing'))))
    expect(await connection.refusal()).toEqual([[4, 23, 24], 'ResourceNotFoundException'])
    connection.socket.write(frame('defineAttributeList', (writer) => writer.integer(12345)))
    expect(await connection.refusal()).toEqual([[4, 37, 38, 39, 46], 'ValidationException'])
  })

  it('answers with a head of their length where the client asks for that, as Amazon’s client for Java does', async () => {
    const connection = await begin()
    connection.socket.write(Buffer.concat([greeting(1), authorization(), getItem('framed'), getItem('framed')]))
    const received: Buffer[] = []
    connection.socket.on('data', (piece: Buffer) => received.push(piece))
    const all = (): Buffer => Buffer.concat(received)
    const isWhole = (): boolean => all().length > 8 && all().length === 2 * all().readUInt32BE(0)
    await vi.waitFor(() => expect(isWhole()).toBe(true), { timeout: 20_000, interval: 5 })
    const [first, second] = [all().subarray(0, all().length / 2), all().subarray(all().length / 2)]
    expect(first.subarray(4, 9)).toEqual(Buffer.from([1, 0, 0, 0, 0x80]))
    expect(second).toEqual(first)
    connection.socket.write(frame('defineAttributeListId', (writer) => writer.tag(tags.stringSet).array(1).text('v')))
    await vi.waitFor(() => expect(all().length).toBeGreaterThan(2 * first.length + 9), { timeout: 20_000, interval: 5 })
    const [list, told] = [all().subarray(2 * first.length), all().length]
    expect([...list.subarray(4, 9)]).toEqual([1, 0, 0, 0, 0x80])
    connection.socket.write(new CborWriter().integer(1).integer(42).finish())
    await connection.ended
    const refusal = all().subarray(told)
    expect(refusal.readUInt32BE(0)).toBe(refusal.length)
  })

  it('that is not authorized is asked to be, and may be then', async () => {
    const connection = await begin()
    connection.socket.write(Buffer.concat([greeting(), getItem('a')]))
    expect(await connection.refusal()).toEqual([[4, 23, 31, 33], 'MissingAuthenticationTokenException'])
    connection.socket.write(Buffer.concat([authorization(), getItem('a')]))
    expect((await connection.values(2))[1]).toEqual(new Map())
    connection.socket.write(Buffer.concat([authorization('anyone', '00', 'nothing that is signed'), getItem('a')]))
    expect(await connection.refusal()).toEqual([[4, 23, 31, 34], 'IncompleteSignatureException'])
  })

  it('goes on after a request that cannot be read, and ends where the next one cannot be found', async () => {
    const connection = await begin()
    const broken = frame('getItem', (writer) => writer.bytes(Buffer.from('Things')).integer(5).null())
    connection.socket.write(Buffer.concat([greeting(), authorization(), broken, getItem('absent')]))
    expect(await connection.refusal()).toEqual([[4, 37, 38, 39, 46], 'ValidationException'])
    expect((await connection.values(2))[1]).toEqual(new Map())
    connection.socket.write(new CborWriter().integer(1).integer(42).finish())
    expect((await connection.values(1))[0]).toEqual([4, 37, 38, 44])
    await connection.ended
    const other = await begin()
    other.socket.write('POST / HTTP/1.1\r\n\r\n')
    await other.ended
  })
})

describe('where signatures are verified', () => {
  const secretAccessKey = 'a-secret-of-the-test'
  const sessions = new SessionKeys('a key for sessions, for tests only')
  let world: CachedRegion
  beforeAll(async () => {
    world = await cachedRegion({
      dax: {},
      verifies: true,
      credentials: Object.assign(
        new Map([
          ['anyone', { accessKeyId: 'anyone', secretAccessKey: 'anything' }],
          ['AKIDTEST', { accessKeyId: 'AKIDTEST', secretAccessKey }],
        ]),
        { sessions },
      ),
    })
    await makeThings(world)
  })
  afterAll(() => world.close())

  async function signedWith(
    secret: string,
    at = new Date(),
    accessKeyId = 'AKIDTEST',
    token?: string,
  ): Promise<readonly unknown[]> {
    const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const scope = { scopeDate: time.slice(0, 8), region: 'us-east-1', service: 'dax' }
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope.scopeDate}/us-east-1/dax/aws4_request\n${'0'.repeat(64)}`
    const signature = createHmac('sha256', signingKey(secret, scope)).update(text).digest('hex')
    const connection = await connected(world)
    connection.socket.write(
      Buffer.concat([greeting(), authorization(accessKeyId, signature, text, token), getItem('a')]),
    )
    const [codes] = await connection.values(1)
    const answer =
      (codes as unknown[]).length === 0 ? [codes] : [codes, ((await connection.values(2))[1] as CborValue[])[1]]
    connection.socket.destroy()
    return answer
  }

  it('a good one is let in, and a wrong or an old one is not', async () => {
    expect(await signedWith(secretAccessKey)).toEqual([[]])
    expect(await signedWith('another secret')).toEqual([[4, 23, 31, 34], 'InvalidSignatureException'])
    expect(await signedWith(secretAccessKey, new Date(Date.now() - 3_600_000))).toEqual([
      [4, 23, 31, 34],
      'InvalidSignatureException',
    ])
  })

  it('Amazon’s client is answered with temporary credentials, and nobody with another token than theirs', async () => {
    const issued = () => sessions.issue({ issuer: 'x', issuedMs: 0, expiresMs: Date.now() + 60_000 }, randomBytes(16))
    const session = issued()
    const client = new Dax({ endpoint: world.daxUrl, region: 'us-east-1', credentials: session })
    await client.putItem({ TableName: 'Things', Item: { pk: { S: 'temporary' } } })
    ;(client as unknown as { shutdown(): void }).shutdown()
    const { accessKeyId, secretAccessKey: secret } = session
    for (const token of [issued().sessionToken, 'x', undefined])
      expect(await signedWith(secret, new Date(), accessKeyId, token)).toEqual([
        [4, 23, 31, 34],
        'UnrecognizedClientException',
      ])
  })

  it('a session that has ended is refused', async () => {
    const {
      accessKeyId,
      secretAccessKey: secret,
      sessionToken,
    } = sessions.issue({ issuer: 'AKIDTEST', issuedMs: 0, expiresMs: Date.now() - 1 }, randomBytes(16))
    expect(await signedWith(secret, new Date(), accessKeyId, sessionToken)).toEqual([
      [4, 23, 31, 33],
      'ExpiredTokenException',
    ])
  })

  it('Amazon’s client is answered', async () => {
    const client = new Dax({
      endpoint: world.daxUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDTEST', secretAccessKey },
    })
    await client.putItem({ TableName: 'Things', Item: { pk: { S: 'signed' }, v: { N: '1' } } })
    const { Item } = await client.getItem({ TableName: 'Things', Key: { pk: { S: 'signed' } } })
    expect(Item?.['v']).toEqual({ N: '1' })
    ;(client as unknown as { shutdown(): void }).shutdown()
  })
})
