import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Log } from '../../../src/ports/log.ts'
import type { FaultRequest } from '../../../src/supervisor/control/supervisor-calls.ts'
import { Faults, type FaultsOptions } from '../../../src/supervisor/supervised-faults.ts'
import type { Supervised } from '../../../src/supervisor/children/supervised.ts'

const silent: Log = { debug: noop, info: noop, warn: noop, error: noop, with: () => silent }

let folder: string
let told: string[]
let abandoned: string[]
let faults: Faults

beforeEach(() => {
  vi.useFakeTimers()
  folder = mkdtempSync(join(tmpdir(), 'longitude-faults-'))
  told = []
  abandoned = []
  mkdirSync(join(folder, 'store'))
  const plan = { name: 'a', number: 1, city: '', port: 1, endpoint: '', natsPort: 2, folder }
  faults = new Faults({
    members: [{ plan, node: process('node'), nats: process('nats'), quorum: () => undefined }],
    log: silent,
    onAbandoned: (owner) => abandoned.push(owner),
  })
})

afterEach(() => {
  faults.close()
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

function process(name: string): Supervised {
  const say = (what: string) => async () => {
    told.push(`${what} ${name}`)
    await Promise.resolve()
  }
  return {
    state: 'ready',
    hold: async (signal: string) => await say(signal)(),
    freeze: () => void told.push(`freeze ${name}`),
    release: say('release'),
  } as unknown as Supervised
}

function noop(): void {}

async function broken(more: Partial<FaultRequest> = {}): Promise<void> {
  await faults.break({ owner: 'drill-1', region: 'a', part: 'node', kind: 'kill', forMs: 60_000, ...more })
}

describe('a fault', () => {
  it('ends by itself after its time', async () => {
    await broken({ forMs: 5000 })
    await vi.advanceTimersByTimeAsync(4999)
    expect(told).toEqual(['SIGKILL node'])
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual(['SIGKILL node', 'release node'])
    expect(faults.active).toEqual([])
  })

  it('that is ended leaves the process down while another holds it', async () => {
    await broken()
    await broken({ owner: 'drill-2', kind: 'stop' })
    await faults.heal({ owner: 'drill-1' })
    expect(told).not.toContain('release node')
    await faults.heal({ owner: 'drill-2' })
    expect(told.at(-1)).toBe('release node')
  })

  it('of an unknown region is refused and not noted', async () => {
    await expect(broken({ region: 'mars-1' })).rejects.toThrow('no region mars-1')
    expect(faults.active).toEqual([])
  })

  it('that wipes takes the stores away while the node is down, those of groups of regions too', async () => {
    mkdirSync(join(folder, 'groups', 'a_b_c'), { recursive: true })
    await broken({ kind: 'wipe' })
    expect(['store', 'groups'].filter((name) => existsSync(join(folder, name)))).toEqual([])
    expect(told).toEqual(['SIGKILL node'])
  })

  it('of the servers of a region of several nodes breaks the one that it has among other regions too, once', async () => {
    const regionFolder = folder
    const node = { plan: {}, node: process('node'), nats: process('nats a'), quorum: () => process('quorum a') }
    const of = { node: { name: 'a' }, all: [], regionFolder, groupQuorum: undefined }
    const plan = { name: 'a', folder: join(folder, 'a'), of }
    const shared = process('quorum of the region')
    const members = [{ ...node, plan }] as unknown as FaultsOptions['members']
    const ofNodes = new Faults({ members, quorumOf: () => shared, log: silent })
    mkdirSync(join(folder, 'quorum'))
    const lost = { owner: 'drill-1', region: 'a', part: 'nats', kind: 'wipe', forMs: 60_000 } as const
    await ofNodes.break({ ...lost, node: 'a', kind: 'kill' })
    expect(told.splice(0)).toEqual(['SIGKILL nats a', 'SIGKILL quorum a'])
    await ofNodes.break(lost)
    expect(told.splice(0)).toEqual(['SIGKILL nats a', 'SIGKILL quorum a', 'SIGKILL quorum of the region'])
    expect(existsSync(join(folder, 'quorum'))).toBe(false)
    await ofNodes.heal({ owner: 'drill-1' })
    expect(told.filter((what) => what === 'release quorum of the region')).toHaveLength(1)
    ofNodes.close()
  })

  it('of the clock is a file with an end, and gone when it is healed', async () => {
    await broken({ kind: 'clock', offsetMs: 9000, forMs: 1000 })
    const path = join(folder, 'clock.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ offsetMs: 9000, untilMs: Date.now() + 1000 })
    await faults.heal({ region: 'a' })
    expect(existsSync(path)).toBe(false)
    expect(told).toEqual([])
  })
})

describe('an owner', () => {
  it('that goes on saying that it lives keeps its faults', async () => {
    await broken()
    for (let n = 0; n < 10; n++) {
      faults.lease('drill-1', 2000)
      await vi.advanceTimersByTimeAsync(1500)
    }
    expect(told).toEqual(['SIGKILL node'])
  })

  it('that is silent for longer than its lease is gone: all it broke is mended, and nobody else’s', async () => {
    await broken()
    await broken({ owner: 'drill-2', part: 'nats', kind: 'freeze' })
    faults.lease('drill-1', 2000)
    await vi.advanceTimersByTimeAsync(2000)
    expect(told).toEqual(['SIGKILL node', 'freeze nats', 'release node'])
    expect(abandoned).toEqual(['drill-1'])
    expect(faults.active.map(({ owner }) => owner)).toEqual(['drill-2'])
  })

  it('that has ended its lease in good order is not missed', async () => {
    faults.lease('drill-1', 2000)
    faults.lease('drill-1', 0)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(abandoned).toEqual([])
  })
})
