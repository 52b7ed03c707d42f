/** Functions in processes of their own: whatever a handler does, its invocation ends, and the next one is answered. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { ConfiguredFunctions } from '../../../../src/node/functions/configured-functions.ts'
import type { FunctionTarget } from '../../../../src/node/functions/function-file.ts'
import type { Log } from '../../../../src/ports/log.ts'

const program = [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('run-handler.ts', import.meta.url)),
]
const printed: string[] = []
const log: Log = {
  debug: () => {},
  info: (_, fields) => void printed.push(String(fields?.['line'])),
  warn: (event) => void printed.push(event),
  error: () => {},
  with: () => log,
}
const run = { timeout: 10, memory: 128, processes: 1, environment: {} }

function functionsOf(functions: Readonly<Record<string, FunctionTarget>>): ConfiguredFunctions {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const around = { region: 'us-east-1', endpoint: Promise.resolve('http://127.0.0.1:1'), log, program }
  return new ConfiguredFunctions({ functions, folder }, around)
}

async function invoke(functions: ConfiguredFunctions, name: string, event: unknown) {
  const about = { requestId: 'a-request', functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}` }
  const invoked = await functions.invoke(name, Buffer.from(JSON.stringify(event)), about)
  return 'payload' in invoked ? { ...invoked, json: JSON.parse(invoked.payload.toString()) } : invoked
}

describe('a function of a module', () => {
  const functions = functionsOf({
    echo: { module: './handlers.mjs#echo', ...run },
    behave: { module: './handlers.mjs#behave', ...run, timeout: 60 },
    hang: { module: './handlers.mjs#behave', ...run, timeout: 1.5 },
    missing: { module: './handlers.mjs#nothing', ...run },
  })
  afterAll(() => functions.stop())

  test('is called with the event and a context, and knows its region, but no variable of the node', async () => {
    process.env['SECRET'] = 'of the node'
    const invoked = await invoke(functions, 'echo', { a: ['ü', '"', '\n'] })
    delete process.env['SECRET']
    expect(invoked).toMatchObject({ kind: 'returned', log: 'echo is asked\n' })
    expect('json' in invoked && invoked.json).toEqual({
      event: { a: ['ü', '"', '\n'] },
      functionName: 'echo',
      isNamed: true,
      region: 'us-east-1',
    })
    expect(printed).toContain('echo is asked')
  })

  test.each([
    ['throw', { errorType: 'RangeError', errorMessage: 'as told' }],
    ['exit', { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 3') }],
    ['eat', { errorMessage: expect.stringMatching(/signal: killed|exit status/) }],
    ['large', { errorType: 'Function.ResponseSizeTooLarge' }],
  ])('that does what it should not (%s) has failed, and is called again', async (how, error) => {
    expect(await invoke(functions, 'behave', { how })).toMatchObject({ kind: 'failed', json: error })
    expect(await invoke(functions, 'behave', { how: 'well' })).toMatchObject({ kind: 'returned', json: 'well' })
  })

  test('that does not end is killed when its time is up', async () => {
    expect(await invoke(functions, 'hang', { how: 'hang' })).toMatchObject({
      kind: 'failed',
      json: { errorMessage: 'RequestId: a-request Error: Task timed out after 1.50 seconds' },
    })
  })

  test('may print much and write where it should not: a part is logged, and no more', async () => {
    const before = printed.length
    expect(await invoke(functions, 'behave', { how: 'garble' })).toMatchObject({ kind: 'returned', json: 'garble' })
    const invoked = await invoke(functions, 'behave', { how: 'print' })
    expect(invoked).toMatchObject({ kind: 'returned', json: 'print' })
    expect('log' in invoked && invoked.log?.length).toBe(4096)
    expect(printed.length - before).toBeLessThanOrEqual(101)
  })

  test('that does not exist has failed, and says what is missing', async () => {
    expect(await invoke(functions, 'missing', {})).toMatchObject({
      kind: 'failed',
      json: { errorType: 'TypeError', errorMessage: expect.stringContaining('nothing is no function') },
    })
  })

  test('waits for its process: one invocation at a time', async () => {
    const all = await Promise.all(['a', 'b', 'c'].map((how) => invoke(functions, 'behave', { how })))
    expect(all.map((each) => 'json' in each && each.json)).toEqual(['a', 'b', 'c'])
  })
})

describe('a function that is a command', () => {
  const node = (text: string): readonly string[] => [process.execPath, '-e', text]
  const reads = `let t = ''; process.stdin.on('data', (d) => (t += d)); process.stdin.on('end', () => `
  const functions = functionsOf({
    count: {
      command: [...node(`${reads} console.log(JSON.stringify({ count: JSON.parse(t).Records.length })))`)],
      ...run,
    },
    fails: { command: [...node(`console.error('no'); process.exit(4)`)], ...run },
    hangs: { command: [...node('for (;;);')], ...run, timeout: 0.5 },
    absent: { command: ['./no-such-command'], ...run },
    words: { command: [...node(`console.log('plain words')`)], ...run },
  })
  afterAll(() => functions.stop())

  test.each([
    ['count', { kind: 'returned', json: { count: 2 } }],
    ['words', { kind: 'returned', json: 'plain words' }],
    ['fails', { kind: 'failed', log: 'no\n', json: { errorMessage: expect.stringContaining('exit status 4') } }],
    ['hangs', { kind: 'failed', json: { errorType: 'Sandbox.Timedout' } }],
    ['absent', { kind: 'unavailable' }],
  ])('%s: reads the event, and its exit status says how it went', async (name, expected) => {
    expect(await invoke(functions, name, { Records: [1, 2] })).toMatchObject(expected)
  })
})

describe('a function behind an address', () => {
  const servers: { close: () => void }[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function address(answer: (url: string, body: string) => [number, Record<string, string>, string]) {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        const [status, headers, text] = answer(request.url ?? '', body)
        response.writeHead(status, headers).end(text)
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const remote = async (...of: Parameters<typeof address>) =>
    functionsOf({ there: { url: await address(...of), name: 'other', timeout: 2, processes: 1 } })

  test('is asked as Lambda is', async () => {
    const functions = await remote((url, body) => [200, {}, JSON.stringify({ url, body })])
    expect(await invoke(functions, 'there', { a: 1 })).toMatchObject({
      kind: 'returned',
      json: { url: '/2015-03-31/functions/other/invocations', body: '{"a":1}' },
    })
  })

  test.each([
    ['a function that failed', [200, { 'x-amz-function-error': 'Unhandled' }, '{"errorType":"E"}'], { kind: 'failed' }],
    ['throttling', [429, {}, ''], { kind: 'unavailable', isThrottled: true }],
    ['a server in trouble', [500, {}, ''], { kind: 'unavailable', isThrottled: false }],
    ['too much', [200, {}, 'x'.repeat(7 * 1024 * 1024)], { kind: 'failed' }],
  ] as const)('tells %s', async (_, reply, expected) => {
    const functions = await remote(() => [...reply] as [number, Record<string, string>, string])
    expect(await invoke(functions, 'there', {})).toMatchObject(expected)
  })

  test('that is not there could not be asked', async () => {
    const functions = functionsOf({ gone: { url: 'http://127.0.0.1:1', timeout: 2, processes: 1 } })
    expect(await invoke(functions, 'gone', {})).toMatchObject({ kind: 'unavailable', isThrottled: false })
  })
})
