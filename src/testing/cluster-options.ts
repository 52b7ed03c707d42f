/** What a cluster is made with, checked. */
import { randomInt } from 'node:crypto'
import { regionsMax } from '../core/limits/limits.ts'
import type { Region } from '../core/topology.ts'
import type { CapacityMode, CapacitySettings } from '../operations/capacity/admission.ts'
import { durationMs } from '../process/duration.ts'
import type { ClusterOptions, Duration, LinkSettings } from './cluster-api.ts'

export const linkDefaults: Required<LinkSettings> = { ms: 1, jitter: 0, loss: 0 }
const regionPattern = /^[a-z0-9][a-z0-9-]{0,62}$/
const seedMax = 2 ** 47

export function regionsOf(names: readonly string[] = ['us-east-1', 'eu-west-1', 'ap-northeast-1']): readonly Region[] {
  if (names.length === 0) throw new TypeError('regions: a cluster has at least one region')
  if (names.length > regionsMax) throw new TypeError(`regions: a cluster has at most ${regionsMax} regions`)
  for (const [at, name] of names.entries()) {
    if (typeof name !== 'string' || !regionPattern.test(name))
      throw new TypeError(`regions: ${JSON.stringify(name)} is no region's name; write one such as us-east-1`)
    if (names.indexOf(name) !== at) throw new TypeError(`regions: ${name} is named twice`)
  }
  return names.map((name, at) => ({ name, number: at + 1 }))
}

export function seedOf(given: number | undefined): number {
  const text = process.env['LONGITUDE_SEED']
  const seed = given ?? (text === undefined || text === '' ? randomInt(2 ** 31) : Number(text))
  if (!Number.isSafeInteger(seed) || seed < 0 || seed > seedMax)
    throw new TypeError(`seed: ${given ?? text} is no whole number from 0 to ${seedMax}`)
  return seed
}

export function startMsOf(startAt: ClusterOptions['startAt'] = '2026-01-01T00:00:00Z'): number {
  const ms = new Date(startAt).getTime()
  if (!Number.isFinite(ms) || ms < 0) throw new TypeError(`startAt: ${String(startAt)} is no date after 1970`)
  return ms
}

export function millisecondsOf(time: Duration, what: string): number {
  const ms = typeof time === 'number' ? time : durationMs(time)
  if (ms === undefined || !Number.isFinite(ms) || ms < 0)
    throw new TypeError(`${what}: ${time} is no time; write milliseconds, or a text such as '500ms', '5s' or '2m'`)
  return ms
}

/** Throws a TypeError that names the setting which cannot be. */
export function checkLink(settings: LinkSettings, what: string): LinkSettings {
  for (const [name, value] of Object.entries(settings)) {
    if (!(name in linkDefaults))
      throw new TypeError(`${what}: there is no setting ${name}; there are ms, jitter and loss`)
    if (typeof value !== 'number' || !(value >= 0) || !Number.isFinite(value) || (name === 'loss' && value > 1))
      throw new TypeError(
        `${what}: ${name} ${String(value)} is no ${name === 'loss' ? 'share from 0 to 1' : 'number of milliseconds'}`,
      )
  }
  return settings
}

/** The two regions of a link's name, `a..b`. */
export function linkEnds(name: string, regions: readonly Region[]): readonly [string, string] {
  const [from = '', to = '', ...more] = name.split('..')
  if (more.length > 0 || to === '')
    throw new TypeError(`links: ${name} is no link; write one such as us-east-1..eu-west-1`)
  checkLinked(from, to, regions)
  return [from, to]
}

export function checkLinked(from: string, to: string, regions: readonly Region[]): void {
  for (const region of [from, to]) checkRegion(region, regions)
  if (from === to) throw new TypeError(`${from} has no link to itself`)
}

export function checkRegion(name: string, regions: readonly Region[]): void {
  if (!regions.some((region) => region.name === name))
    throw new TypeError(`no region ${name} in this cluster; it has ${regions.map((region) => region.name).join(', ')}`)
}

const capacityModes: readonly CapacityMode[] = ['off', 'observe', 'enforce']

/** Undefined where none is counted. */
export function capacityOf(mode: CapacityMode = 'off'): CapacitySettings | undefined {
  if (!capacityModes.includes(mode)) throw new TypeError(`capacity: ${mode} is none of ${capacityModes.join(', ')}`)
  return mode === 'off' ? undefined : { mode }
}
