/** The figures of a fault as people write them: 20%, 50ms, 20ms..80ms, 50ms±10ms, p50=20ms,p99=900ms. Undefined for what is none of these. */
import { unreachable } from '../../core/assert.ts'
import { heldMsMax, percentilesMax } from '../../core/limits/fault-limits.ts'
import type { Delay, Percentile } from '../../core/faults/delay.ts'
import type { Aim, Effect, Fault } from '../../core/faults/fault.ts'
import { durationMs } from '../../process/duration.ts'

/** 20%, or a number from 0 to 1; above 0. */
export function shareFrom(given: string | number): number | undefined {
  const share = typeof given === 'number' ? given : percentFrom(given)
  return share !== undefined && share > 0 && share <= 1 ? share : undefined
}

function percentFrom(text: string): number | undefined {
  const [, digits] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? []
  return digits === undefined ? undefined : Number(digits) / 100
}

/** 0%..25%: a part of the hash space, from 0 to 1. */
export function hashesFrom(text: string): readonly [number, number] | undefined {
  const [from, to, ...more] = text.split('..').map(percentFrom)
  const isRange = from !== undefined && to !== undefined && from < to && to <= 1
  return isRange && more.length === 0 ? [from, to] : undefined
}

/** 50ms, 1.5s; a number alone is milliseconds. */
export function heldMsFrom(given: string | number): number | undefined {
  const ms =
    typeof given === 'number' ? given : Number.isFinite(Number(given)) ? Number(given) : durationMs(given.trim())
  return ms !== undefined && ms >= 0 && ms <= heldMsMax ? ms : undefined
}

export function delayFrom(given: string | number): Delay | undefined {
  if (typeof given === 'string') {
    const text = given.trim()
    if (text.startsWith('p')) return percentilesFrom(text)
    if (text.includes('..')) return uniformFrom(text)
    if (/±|\+-/.test(text)) return normalFrom(text)
  }
  const ms = heldMsFrom(given)
  return ms === undefined ? undefined : { shape: 'fixed', ms }
}

function uniformFrom(text: string): Delay | undefined {
  const [fromMs, toMs, ...more] = text.split('..').map(heldMsFrom)
  const isRange = fromMs !== undefined && toMs !== undefined && fromMs <= toMs && more.length === 0
  return isRange ? { shape: 'uniform', fromMs, toMs } : undefined
}

function normalFrom(text: string): Delay | undefined {
  const [meanMs, deviationMs, ...more] = text.split(/±|\+-/).map(heldMsFrom)
  const isWhole = meanMs !== undefined && deviationMs !== undefined && more.length === 0
  return isWhole ? { shape: 'normal', meanMs, deviationMs } : undefined
}

function percentilesFrom(text: string): Delay | undefined {
  const points: Percentile[] = []
  for (const part of text.split(',')) {
    const [, digits, time = ''] = /^p(\d+(?:\.\d+)?)\s*=\s*(.+)$/.exec(part.trim()) ?? []
    const ms = heldMsFrom(time)
    const percent = Number(digits)
    const before = points.at(-1)
    if (digits === undefined || ms === undefined || percent > 100 || points.length >= percentilesMax) return undefined
    if (before !== undefined && (percent <= before.percent || ms < before.ms)) return undefined
    points.push({ percent, ms })
  }
  return { shape: 'percentiles', points }
}

const msText = (ms: number): string => `${Number(ms.toFixed(1))}ms`
const shareText = (share: number): string => `${Number((share * 100).toFixed(2))}%`

function delayText(delay: Delay): string {
  switch (delay.shape) {
    case 'fixed':
      return msText(delay.ms)
    case 'uniform':
      return `${msText(delay.fromMs)}..${msText(delay.toMs)}`
    case 'normal':
      return `${msText(delay.meanMs)}±${msText(delay.deviationMs)}`
    case 'percentiles':
      return delay.points.map(({ percent, ms }) => `p${percent}=${msText(ms)}`).join(',')
    default:
      return unreachable(delay)
  }
}

/** "throttle (KeyRangeThroughput)", "timeout 30000ms, after the request is done". */
function effectText(effect: Effect): string {
  const after = 'after' in effect && effect.after ? ', after the request is done' : ''
  switch (effect.kind) {
    case 'throttle':
      return effect.cause === undefined ? 'throttle' : `throttle (${effect.cause})`
    case 'timeout':
    case 'stale':
      return `${effect.kind} ${msText(effect.ms)}${after}`
    case 'slow':
      return `slow ${delayText(effect.delay)}${after}`
    case 'partial':
      return `partial, ${shareText(effect.items)} of the items`
    case 'error':
    case 'unavailable':
    case 'reset':
    case 'conflict':
      return `${effect.kind}${after}`
    default:
      return unreachable(effect)
  }
}

/** "20% of PutItem on Orders, keys a*". */
function aimText({ share, operations, tables, indexes, keyPrefix, hashes }: Aim): string {
  const parts = [
    operations === undefined ? 'requests' : operations.join(', '),
    ...(tables === undefined ? [] : [`on ${tables.join(', ')}`]),
    ...(indexes === undefined ? [] : [`by index ${indexes.join(', ')}`]),
    ...(keyPrefix === undefined ? [] : [`of keys ${keyPrefix}*`]),
    ...(hashes === undefined ? [] : [`of hashes ${hashes.map(shareText).join('..')}`]),
  ]
  return `${share === 1 ? 'all' : `${shareText(share)} of`} ${parts.join(' ')}`
}

/** For people: what happens, and to what. */
export const faultText = ({ effect, aim }: Pick<Fault, 'effect' | 'aim'>): string =>
  `${effectText(effect)}: ${aimText(aim)}`
