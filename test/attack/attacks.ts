/** What is done to an entrance: each attack is one of a kind, and says which answers are in order. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { httpText } from '../conformance/raw-socket.ts'
import {
  answerMsMax,
  asked,
  type Attack,
  bearer,
  type Entrance,
  headOf,
  many,
  MB,
  parts,
  scaled,
  streamed,
  unfinished,
} from './acts.ts'
import { daxAttacks } from './dax-attacks.ts'
import { Line, note, pause } from './line.ts'
import { nodeAttacks } from './node-attacks.ts'
import { serviceAttacks } from './service-attacks.ts'
import { slowAttacks } from './slow-attacks.ts'

const overHttp: readonly Attack[] = [
  {
    name: '70 MB that nobody has signed',
    at: ['api', 'control'],
    run: async (entrance, { part }, tally) =>
      await many(
        scaled(3, part),
        async () => await streamed(entrance, { Host: 'localhost' }, tally, parts(70 * MB, ' ')),
      ),
  },
  {
    name: '95 MB of [{},{},…] in chunks',
    at: ['api'],
    run: async (entrance, { part }, tally) =>
      await many(scaled(3, part), async () => {
        const headers = { ...entrance.headers('GetItem', ''), 'Transfer-Encoding': 'chunked' }
        const chunk = `${MB.toString(16)}\r\n${'{},'.repeat(MB / 3 + 1).slice(0, MB)}\r\n`
        const line = new Line(entrance.endpoint, tally)
        await line.write(headOf(headers))
        for (let n = 0; n < 95 && line.open; n++) await line.write(chunk)
        await line.write('0\r\n\r\n')
        await line.replies(1, answerMsMax)
        line.end()
      }),
  },
  {
    name: '95 MB of [{},{},…] as 100 KB of gzip',
    at: ['api'],
    run: async (entrance, { part }, tally) => {
      const body = gzipSync(`[${'{},'.repeat((95 * MB) / 3)}{}]`)
      const headers = { ...entrance.headers('GetItem', body), 'Content-Encoding': 'gzip' }
      await many(scaled(12, part), async () => await asked(entrance, headers, body, tally))
    },
  },
  {
    name: '15 MB of [{},{},…], signed',
    at: ['api'],
    run: async (entrance, { part }, tally) => {
      const body = `[${'{},'.repeat(5 * MB)}{}]`
      for (const operation of ['GetItem', 'PutItem', 'CreateTable'])
        await many(scaled(4, part), async () => await asked(entrance, entrance.headers(operation, body), body, tally))
    },
  },
  {
    name: '5 bodies of 15 MB in one packet',
    at: ['api'],
    run: async (entrance, _, tally) => {
      const body = `[${'{},'.repeat(5 * MB)}{}]`
      const line = new Line(entrance.endpoint, tally)
      for (let n = 0; n < 5; n++) await line.write(httpText(entrance.headers('GetItem', body), body))
      await line.replies(5, answerMsMax)
      line.end()
    },
  },
  {
    name: '62 MB that is no gzip, 20 times',
    at: ['api'],
    run: async (entrance, { part }, tally) =>
      await many(
        scaled(20, part),
        async () =>
          await streamed(
            entrance,
            { ...entrance.headers('GetItem', ''), 'Content-Encoding': 'gzip' },
            tally,
            parts(62 * MB, 'x'),
          ),
      ),
  },
  {
    name: '3 MB of body in chunks of one byte, 20 times',
    at: ['api'],
    run: async (entrance, { part }, tally) =>
      await many(scaled(20, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(headOf({ ...entrance.headers('GetItem', ''), 'Transfer-Encoding': 'chunked' }))
        const chunks = '1\r\n \r\n'.repeat(30_000)
        for (let n = 0; n < 100 && line.open; n++) await line.write(chunks)
        await line.write('0\r\n\r\n')
        await line.replies(1, answerMsMax)
        line.end()
      }),
  },
  {
    name: 'gzip in chunks of one byte, 100 times',
    at: ['api'],
    run: async (entrance, { part }, tally) =>
      await many(scaled(100, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        const headers = {
          ...entrance.headers('GetItem', ''),
          'Content-Encoding': 'gzip',
          'Transfer-Encoding': 'chunked',
        }
        const body = Array.from(gzipSync(randomBytes(100_000)), (byte) => `1\r\n${String.fromCharCode(byte)}\r\n`)
        await line.write(headOf(headers))
        await line.write(Buffer.from(`${body.join('')}0\r\n\r\n`, 'latin1'))
        await line.replies(1, answerMsMax)
        line.end()
      }),
  },
  {
    name: '100 bodies in packets of one byte',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) =>
      await many(scaled(100, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(headOf({ ...entrance.headers('GetItem', ''), 'Content-Length': '16000000' }))
        const end = performance.now() + holdMs
        while (performance.now() < end && line.open) await line.write(' ')
        note(tally, line.open ? 'still open' : 'let go')
        line.end()
      }),
  },
  {
    name: '1,000 scans of 1 MB at once',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) => {
      const body = JSON.stringify({ TableName: 'attacked' })
      const scan = httpText(entrance.headers('Scan', body), body)
      await many(scaled(1000, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(scan)
        await line.replies(1, answerMsMax + holdMs)
        line.end()
      })
    },
  },
  {
    name: '6 packets of 150 scans of 1 MB',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) => {
      const body = JSON.stringify({ TableName: 'attacked' })
      const scans = httpText(entrance.headers('Scan', body), body).repeat(scaled(150, part))
      await many(6, async () => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(scans)
        await line.replies(scaled(150, part), 2 * holdMs)
        line.end()
      })
    },
  },
  {
    name: '60 replies that nobody reads',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) => {
      const body = JSON.stringify({ TableName: 'attacked' })
      await many(scaled(60, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        line.deafen()
        await line.write(httpText(entrance.headers('Scan', body), body).repeat(10))
        await pause(holdMs)
        note(tally, line.open ? 'unread' : 'let go')
        line.end()
      })
    },
  },
  {
    name: '1,040 requests that never end',
    at: ['api', 'control'],
    run: async (entrance, { part, holdMs }, tally) =>
      await unfinished(
        entrance,
        scaled(1040, part),
        holdMs,
        tally,
        headOf({ ...entrance.headers('GetItem', ''), 'Content-Length': '5000' }) + '{',
      ),
  },
  {
    name: '80 bodies of 10 MB that stop at 2 MB',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) => {
      const start = Buffer.concat([
        Buffer.from(headOf({ ...entrance.headers('GetItem', ''), 'Content-Length': String(10 * MB) })),
        Buffer.alloc(2 * MB, ' '),
      ])
      await unfinished(entrance, scaled(80, part), holdMs, tally, start)
    },
  },
  {
    name: '500 heads, a byte at a time',
    at: ['api', 'control'],
    run: async (entrance, { part, holdMs }, tally) =>
      await many(scaled(500, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        const end = performance.now() + holdMs
        await line.write('POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
        while (performance.now() < end && line.open) {
          await line.write('x')
          await pause(200)
        }
        note(tally, line.open ? 'still open' : 'let go')
        line.end()
      }),
  },
  {
    name: 'heads over 16 KB',
    at: ['api', 'control'],
    run: async (entrance, { part }, tally) => {
      const large = ['x'.repeat(17_000), 'x'.repeat(500_000)].map((value) => ({
        ...entrance.headers('GetItem', '{}'),
        'X-Large': value,
      }))
      const manyNames = Object.fromEntries(Array.from({ length: 2500 }, (_, n) => [`x${n}`, '1']))
      for (const headers of [...large, manyNames])
        await many(scaled(30, part), async () => await asked(entrance, headers, '{}', tally))
    },
  },
  {
    name: 'smuggled requests',
    at: ['api', 'control'],
    run: async (entrance, _, tally) => {
      for (const text of smuggled(entrance)) {
        const line = new Line(entrance.endpoint, tally)
        await line.write(text)
        await line.replies(1, 2000)
        line.end()
      }
    },
  },
  {
    name: 'signatures of odd forms',
    at: ['api'],
    run: async (entrance, _, tally) => {
      const headers = entrance.headers('GetItem', '{}')
      const usual = headers['Authorization'] ?? ''
      const odd = [
        ...['AWS4-HMAC-SHA512', 'AWS4-', 'AWS4-HMAC-SHA2560', 'Bearer', ''].map((name) =>
          usual.replace('AWS4-HMAC-SHA256', name),
        ),
        usual.replace('SignedHeaders=', 'SignedHeaders=x-absent;'),
        usual.replace(/SignedHeaders=[^,]+/, 'SignedHeaders=constructor;__proto__'),
        usual.replace(/Credential=[^,]+/, `Credential=${'/'.repeat(5000)}`),
        `${usual}, Signature=${'0'.repeat(64)}`,
        `AWS4-HMAC-SHA256 ${'a=b,'.repeat(3500)}`,
      ]
      for (const Authorization of odd) await asked(entrance, { ...headers, Authorization }, '{}', tally)
    },
  },
  {
    name: 'pages of other origins, other hosts, forwarded requests',
    at: ['api', 'control'],
    run: async (entrance, _, tally) => {
      const strange: readonly Readonly<Record<string, string>>[] = [
        { Origin: 'http://evil.example' },
        { Origin: 'null' },
        { 'Sec-Fetch-Site': 'cross-site' },
        { Host: 'evil.example' },
        { Host: '127.0.0.1.evil.example' },
      ]
      for (const path of ['/', '/admin/pause', '/admin/evacuation/fence', '/links/set', '/api/links/set', '/metrics'])
        for (const headers of strange)
          await asked(entrance, { 'Content-Type': 'text/plain', ...headers }, '{}', tally, path)
      for (const header of ['Forwarded', 'Via', 'X-Forwarded-For', 'X-Real-IP'])
        for (const path of ['/admin/pause', '/admin/faults/set', '/links/set'])
          await asked(entrance, { ...bearer(entrance.token), [header]: '127.0.0.1' }, '{}', tally, path)
    },
  },
  {
    name: 'forged tokens, and odd bodies with the right one',
    at: ['api', 'control'],
    run: async (entrance, _, tally) => {
      const paths = [
        '/admin/pause',
        '/admin/resume',
        '/admin/verify',
        '/admin/repair',
        '/links/set',
        '/links/heal',
        '/admin/faults/set',
        '/admin/faults/clear',
        '/api/links/set',
        '/api/dynamodb',
        '/api/break',
        ...['fence', 'open', 'stand-in', 'step-back'].map((act) => `/admin/evacuation/${act}`),
      ]
      for (const path of paths) {
        for (const token of ['', 'x', 'x'.repeat(10_000), entrance.token.slice(1), `${entrance.token} `.repeat(2)])
          await asked(entrance, bearer(token), '{}', tally, path)
        for (const body of [
          '',
          '{',
          '[]',
          'null',
          '1',
          `"${'x'.repeat(100_000)}"`,
          '['.repeat(60_000),
          '{"__proto__":{}}',
          '{"links":[],"table":[]}',
        ])
          await asked(entrance, bearer(entrance.token), body, tally, path)
      }
    },
  },
  ...expensive(),
]

/** Requests whose work is out of proportion to their size, unless it is bounded. */
function expensive(): readonly Attack[] {
  const key = { pk: { S: 'large' } }
  const named = (count: number, name: (n: number) => string, value: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [name(n), value]))
  const update = (expression: string, values: object) => ({
    TableName: 'attacked',
    Key: key,
    UpdateExpression: expression,
    ExpressionAttributeValues: values,
  })
  const requests: Readonly<Record<string, () => readonly [operation: string, input: object]>> = {
    'list_append in itself, 2.4 KB': () => [
      'UpdateItem',
      update(`SET a = ${'list_append(:l, '.repeat(140)}:l${')'.repeat(140)}`, {
        ':l': { L: Array.from({ length: 300 }, () => ({ S: 'x'.repeat(10) })) },
      }),
    ],
    '140 comparisons of 400 KB': () => [
      'Scan',
      {
        TableName: 'attacked',
        FilterExpression: Array.from({ length: 140 }, () => 'contains(filler, :v)').join(' OR '),
        ExpressionAttributeValues: { ':v': { S: `${'x'.repeat(300_000)}y` } },
      },
    ],
    'a part of 300 KB that differs in its middle': () => [
      'Scan',
      {
        TableName: 'attacked',
        FilterExpression: 'contains(filler, :v)',
        ExpressionAttributeValues: { ':v': { S: `${'x'.repeat(150_000)}y${'x'.repeat(150_000)}` } },
      },
    ],
    '13 MB of names of an expression': () => [
      'UpdateItem',
      {
        ...update('SET a = :v', { ':v': { S: 'x' } }),
        ExpressionAttributeNames: named(600_000, (n) => `#k${n}`, 'abc'),
      },
    ],
    '8 MB of values of an expression': () => [
      'UpdateItem',
      update(
        'SET a = :v',
        named(300_000, (n) => `:k${n}`, { S: 'abc' }),
      ),
    ],
    '8 MB of Expected': () => [
      'DeleteItem',
      {
        TableName: 'attacked',
        Key: key,
        Expected: named(160_000, (n) => `k${n}`, { Value: { S: 'a' }, Exists: true }),
      },
    ],
    '8 MB of AttributeUpdates': () => [
      'UpdateItem',
      {
        TableName: 'attacked',
        Key: key,
        AttributeUpdates: named(150_000, (n) => `k${n}`, { Action: 'PUT', Value: { S: 'a' } }),
      },
    ],
    '8 MB of KeyConditions': () => [
      'Query',
      {
        TableName: 'attacked',
        KeyConditions: named(100_000, (n) => `k${n}`, { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'a' }] }),
      },
    ],
    '300,000 tables in a batch': () => [
      'BatchWriteItem',
      { RequestItems: named(300_000, (n) => `table-${n}`, [{ DeleteRequest: { Key: { pk: { S: 'a' } } } }]) },
    ],
    'a value 130 levels deep': () => [
      'PutItem',
      { TableName: 'attacked', Item: JSON.parse(`${'{"L":['.repeat(64)}{"S":"a"}${']}'.repeat(64)}`) as object },
    ],
    'a statement of 8 KB of parentheses': () => [
      'ExecuteStatement',
      { Statement: `SELECT * FROM "attacked" WHERE ${'('.repeat(4000)}pk='a'${')'.repeat(4000)}` },
    ],
  }
  return Object.entries(requests).map(([name, make]) => ({
    name,
    at: ['api'],
    run: async (entrance, { part }, tally) => {
      const [operation, input] = make()
      const body = JSON.stringify(input)
      await many(scaled(4, part), async () => await asked(entrance, entrance.headers(operation, body), body, tally))
    },
  }))
}

function smuggled(entrance: Entrance): readonly string[] {
  const inner = 'POST /admin/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'
  const lines = Object.entries(entrance.headers('GetItem', '{}'))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const shape = (headers: string, body: string): string => `POST / HTTP/1.1\r\n${lines}${headers}\r\n${body}`
  return [
    shape('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${inner}`),
    shape('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${inner}`),
    shape('Content-Length: 2\r\nContent-Length: 40\r\n', `{}${inner}`),
    shape('Content-Length: 2, 2\r\n', `{}${inner}`),
    shape('Content-Length: +2\r\n', `{}${inner}`),
    shape('Content-Length: 0x2\r\n', `{}${inner}`),
    shape('Content-Length : 2\r\n', `{}${inner}`),
    shape('Content-Length:\r\n 2\r\n', `{}${inner}`),
    shape('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${inner}`),
    shape('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${inner}`),
    shape('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${inner}`),
    shape('Transfer-Encoding:\u000bchunked\r\n', `0\r\n\r\n${inner}`),
    shape('Transfer-Encoding: chunked\r\n', `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n${inner}`),
    shape('Transfer-Encoding: chunked\r\n', `ffffffffffffffff\r\n{}${inner}`),
    shape('X: a\r\n\tb\r\nContent-Length: 2\r\n', '{}'),
    shape('X: a\u0000b\r\nContent-Length: 2\r\n', '{}'),
    shape('X: a\nContent-Length: 2\r\n', '{}'),
    'POST / HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n',
    'POST http://evil.example/admin/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n',
    'POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n`,
  ]
}

export const attacks: readonly Attack[] = [
  ...overHttp,
  ...slowAttacks,
  ...serviceAttacks,
  ...daxAttacks,
  ...nodeAttacks,
]
