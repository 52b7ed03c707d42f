/** Whatever has been killed, a start ends what is left of the runs before it, and nothing else. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { runVariable } from '../../src/supervisor/children/remains.ts'
import {
  alive,
  background,
  eventually,
  longitude,
  prepareProgram,
  randomBasePort,
  removeFolder,
  statusOf,
  temporaryFolder,
  up,
} from '../cli/command-line.ts'
import { rounds, testMsMax } from './pace.ts'

const folders: string[] = []
const started: number[] = []

beforeAll(prepareProgram, 60_000)
afterEach(() => {
  for (const pid of started.splice(0)) killIfThere(pid)
  for (const made of folders.splice(0)) {
    for (const pid of processesOn(made)) killIfThere(pid)
    removeFolder(made)
  }
})

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}

function killIfThere(pid: number): void {
  if (alive([pid]).length > 0) process.kill(pid, 'SIGKILL')
}

/** Those whose arguments name the folder. */
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

const one = ['--regions', 'us-east-1', '--no-cache', '--no-front-door']

describe('after a kill', { timeout: testMsMax }, () => {
  test('of the supervisor and its sentinel at once, the next start ends the rest and serves', async () => {
    const data = folder()
    const before = await up(data, ...one, '--workers', '2')
    const sentinel = before.overview.processes.filter((pid) => commandOf(pid).includes('longitude-sentinel'))
    const supervisor = before.supervisor.pid ?? 0
    // It would start another sentinel between the two kills.
    process.kill(supervisor, 'SIGSTOP')
    for (const pid of [...sentinel, supervisor]) process.kill(pid, 'SIGKILL')
    await before.ended
    const nats = before.overview.regions[0]?.processes.natsServer ?? 0
    expect(alive([nats])).toEqual([nats])
    const after = await up(data, ...one)
    expect(alive(before.overview.processes)).toEqual([])
    expect(after.errors()).toContain(`process ${nats}`)
    after.supervisor.kill('SIGTERM')
    expect(await after.ended).toMatchObject({ status: 0 })
    expect(processesOn(data)).toEqual([])
  })

  test('of the supervisor at any moment of its start, nothing lives on beside the next one', async () => {
    const data = folder()
    const base = ['up', '--data', data, '--base-port', String(randomBasePort()), ...one]
    for (let round = 0; round < rounds(5, 60); round++) {
      const afterMs = 150 + Math.random() * rounds(400, 3000)
      const run = background(...base)
      await new Promise((resolve) => {
        setTimeout(resolve, afterMs)
      })
      run.process.kill('SIGKILL')
      await run.ended
    }
    await eventually('none is left, or a start ends it', () => processesOn(data).length === 0)
  })

  test('of a start with children that do not hear SIGTERM, these are killed; a stranger with their number is not', async () => {
    const data = folder()
    const run = 'f'.repeat(32)
    const stubborn = spawn('sh', ['-c', "trap '' TERM; while :; do sleep 1; done"], {
      env: { ...process.env, [runVariable]: run },
      stdio: 'ignore',
    })
    const stranger = spawn('sleep', ['60'], { env: { ...process.env, [runVariable]: 'another' }, stdio: 'ignore' })
    started.push(stubborn.pid ?? 0, stranger.pid ?? 0)
    writeFileSync(join(data, 'longitude.json'), '{"format":1,"regions":{}}')
    const lock = { pid: stranger.pid, identity: 'of another process', endpoints: {}, runs: [run] }
    writeFileSync(join(data, 'longitude.lock'), JSON.stringify(lock))
    const after = await up(data, ...one)
    expect(alive([stubborn.pid ?? 0])).toEqual([])
    expect(alive([stranger.pid ?? 0])).toEqual([stranger.pid])
    after.supervisor.kill('SIGTERM')
    expect(await after.ended).toMatchObject({ status: 0 })
  })
})

describe('two starts', { timeout: 60_000 }, () => {
  test('at the same moment on one folder: one serves, the other says that the folder is in use', async () => {
    const data = folder()
    const first = randomBasePort()
    const ports = [first, first + 500].map(String)
    const runs = ports.map((port) => background('up', '--json', '--data', data, '--base-port', port, ...one))
    // Its overview, once everything has started: a start that is ended before that ends otherwise.
    const begun = new Set<number>()
    for (const [index, run] of runs.entries()) run.process.stdout?.once('data', () => begun.add(index))
    const loser = await Promise.race(runs.map(async ({ ended }, index) => ({ index, ...(await ended) })))
    expect(loser.status).toBe(1)
    expect(loser.errors).toContain('is in use by')
    const winner = runs[1 - loser.index]
    await eventually('the other serves', async () => {
      const port = ports[1 - loser.index]
      return begun.has(1 - loser.index) && (await statusOf(`http://127.0.0.1:${port}/ready`)) === 200
    })
    winner?.process.kill('SIGTERM')
    expect(await winner?.ended).toMatchObject({ status: 0 })
    expect(existsSync(join(data, 'longitude.lock'))).toBe(false)
  })

  test('on the same ports: the second names the process that has them', async () => {
    const running = await up(folder(), ...one)
    const second = await longitude('up', '--data', folder(), '--base-port', String(running.basePort), ...one)
    expect(second.status).toBe(1)
    expect(second.errors).toContain(`process ${running.overview.regions[0]?.processes.node} (`)
    running.supervisor.kill('SIGTERM')
    await running.ended
  })
})
