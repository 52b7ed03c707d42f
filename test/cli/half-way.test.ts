/** Starts and stops that do not get to their end: a clear message, a status, and nothing left. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  alive,
  background,
  clientAt,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  programPath,
  randomBasePort,
  removeFolder,
  statusOf,
  temporaryFolder,
  up,
  type Ended,
  type Up,
} from './command-line.ts'

const folders: string[] = []
const started: Up[] = []

beforeAll(prepareProgram, 60_000)
afterEach(async () => {
  for (const { supervisor, ended } of started.splice(0)) {
    supervisor.kill('SIGTERM')
    await ended
  }
  for (const made of folders.splice(0)) {
    for (const pid of processesOn(made)) if (alive([pid]).length > 0) process.kill(pid, 'SIGKILL')
    removeFolder(made)
  }
})

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}

async function upWith(...args: Parameters<typeof up>): Promise<Up> {
  const running = await up(...args)
  started.push(running)
  return running
}

function processesOn(data: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(Number(name)).includes(data))
    .map(Number)
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** A sentence on the error stream, status 1, and nothing of it left. */
function expectClean({ status, errors }: Ended, data: string): void {
  expect(status, errors).toBe(1)
  expect(errors).toMatch(/longitude: /)
  expect(errors).not.toContain('    at ')
  expect(processesOn(data)).toEqual([])
  expect(existsSync(join(data, 'longitude.lock'))).toBe(false)
}

const one = ['--regions', 'us-east-1', '--no-cache', '--no-front-door']
const two = ['--regions', 'us-east-1,eu-west-1', '--no-cache', '--no-front-door', '--no-latency']

describe('a start that is stopped half-way', { timeout: 90_000 }, () => {
  test('ends with the status of the signal, at every stage, and leaves nothing', async () => {
    const data = folder()
    for (const afterMs of [100, 200, 300, 400, 600]) {
      const run = background('up', '--json', '--data', data, '--base-port', String(randomBasePort()), ...one)
      await new Promise((resolve) => {
        setTimeout(resolve, afterMs)
      })
      run.process.kill('SIGTERM')
      const { status, output } = await run.ended
      // Before our first line runs, the system ends it: no status. After the table is printed it is an orderly stop.
      expect([null, 143, ...(output === '' ? [] : [0])]).toContain(status)
      expect(processesOn(data)).toEqual([])
      expect(existsSync(join(data, 'longitude.lock'))).toBe(false)
    }
  })
})

describe('a start that fails', { timeout: 90_000 }, () => {
  test('of the only region, whose store is another region’s', async () => {
    const data = folder()
    mkdirSync(join(data, 'us-east-1', 'store'), { recursive: true })
    writeFileSync(join(data, 'longitude.json'), '{"format":1,"regions":{}}')
    writeFileSync(join(data, 'us-east-1', 'store', 'strange'), '')
    const ended = await longitude('up', '--data', data, '--base-port', String(randomBasePort()), ...one)
    expectClean(ended, data)
    expect(ended.errors).toContain('is not empty')
  })

  test('of one region of two: the other serves, the table says why, and it is tried again', async () => {
    const data = folder()
    writeFileSync(join(data, 'longitude.json'), '{"format":1,"regions":{}}')
    writeFileSync(join(data, 'eu-west-1'), 'a file where a folder should be')
    const running = await upWith(data, ...two)
    const [first, second] = running.overview.regions
    expect([first?.state, second?.state]).toEqual(['ready', 'failed'])
    expect(second?.reason).toContain(join(data, 'eu-west-1'))
    await createTable(clientAt(first))
    rmSync(join(data, 'eu-west-1'))
    await eventually('it has started', async () => (await statusOf(`${second?.endpoint}/ready`)) === 200)
  })

  test('for want of file descriptors', async () => {
    const data = folder()
    for (const limit of [64, 128]) {
      const args = ['up', '--data', data, '--base-port', String(randomBasePort()), ...one]
      const child = spawn('sh', ['-c', `ulimit -n ${limit} && exec "$@"`, 'sh', process.execPath, programPath, ...args])
      let errors = ''
      child.stderr.on('data', (chunk: Buffer) => {
        errors += chunk.toString()
      })
      const status = await new Promise<number | null>((resolve) => {
        child.once('close', resolve)
      })
      expectClean({ status, output: '', errors }, data)
      expect(errors).toContain(`may open ${limit} files`)
    }
  })

  test('of a node alone, whose port is taken: no file of its store is held afterwards', async () => {
    const data = folder()
    const holder = createServer()
    const port = randomBasePort()
    await new Promise<void>((resolve) => {
      holder.listen(port, '127.0.0.1', resolve)
    })
    const args = [
      'node',
      '--region',
      'us-east-1',
      '--data',
      data,
      '--port',
      String(port),
      '--nats',
      'nats://127.0.0.1:1',
    ]
    const ended = await longitude(...args)
    holder.close()
    expectClean(ended, data)
    expect(ended.errors).toContain(`port ${port} on 127.0.0.1 is in use`)
  })
})

describe('a folder removed while it is in use', { timeout: 90_000 }, () => {
  test('a region’s: the region begins with an empty one', async () => {
    const data = folder()
    const running = await upWith(data, ...two)
    const [, second] = running.overview.regions
    // Away in one step: the server goes on to write in it.
    renameSync(join(data, 'eu-west-1'), `${folder()}/moved`)
    await eventually('it was noticed', () => running.errors().includes('was removed'))
    await eventually('it serves from a new folder', async () => {
      return existsSync(join(data, 'eu-west-1', 'store')) && (await statusOf(`${second?.endpoint}/ready`)) === 200
    })
  })

  test('the data folder itself: everything stops', async () => {
    const data = folder()
    const running = await up(data, ...one)
    const elsewhere = `${folder()}/moved`
    renameSync(data, elsewhere)
    const ended = await running.ended
    expect(ended.status).toBe(1)
    expect(ended.errors).toContain(`the data folder ${data}`)
    expect(alive(running.overview.processes)).toEqual([])
  })
})

test('a second node on the same store says so, and the first goes on', { timeout: 60_000 }, async () => {
  const running = await upWith(folder(), ...one)
  const [first] = running.overview.regions
  const store = join(folders.at(-1) ?? '', 'us-east-1')
  const args = ['node', '--region', 'us-east-1', '--data', store, '--port', String(randomBasePort())]
  const second = await longitude(...args, '--nats', 'nats://127.0.0.1:1')
  expect(second.status).toBe(1)
  expect(second.errors).toContain('Another process is using the folder')
  expect(await statusOf(`${first?.endpoint}/ready`)).toBe(200)
})
