/** One word for the state of a direction, with what a person should know beside it. What is not known is said to be unknown, never 0. */
import { bytesText, durationText, rateText } from './figure-text.ts'
import type { Direction, FaultView } from './console-state.ts'

export type Word = 'live' | 'idle' | 'slow' | 'paused' | 'cut' | 'reset' | 'unknown' | 'refused' | 'fetching' | 'held'

/** By the receiver's word, when the way itself is open. */
const receiverWords: Readonly<Record<string, Word>> = { refused: 'refused', resync: 'fetching', held: 'held' }

export function wordOf(direction: Direction): Word {
  const { link, state, received, pausedUntilMs } = direction
  if (link?.state === 'down') return 'cut'
  if (link?.state === 'reset') return 'reset'
  if (state === 'cut') return 'cut'
  if (state !== 'live' && state !== 'idle') return 'unknown'
  if (pausedUntilMs !== undefined) return 'paused'
  const receiver = receiverWords[received]
  if (receiver !== undefined) return receiver
  return isChanged(direction) ? 'slow' : state
}

/** Whether the link is shaped otherwise than it was configured. */
function isChanged({ link }: Direction): boolean {
  if (link === undefined) return false
  return link.faults.length > 0 && (link.roundTripMs !== link.configuredMs || isDisturbed(link))
}

function isDisturbed({ jitterMs, bandwidthBitsPerSecond, stall }: NonNullable<Direction['link']>): boolean {
  return jitterMs > 0 || bandwidthBitsPerSecond !== null || stall !== null
}

export type Tone = 'good' | 'quiet' | 'warn' | 'bad' | 'unknown'

export const toneOf: Readonly<Record<Word, Tone>> = {
  live: 'good',
  idle: 'quiet',
  slow: 'warn',
  paused: 'warn',
  fetching: 'warn',
  held: 'warn',
  cut: 'bad',
  reset: 'bad',
  refused: 'bad',
  unknown: 'unknown',
}

/** How far the receiver is behind, in words. */
export function lagText(direction: Direction): string {
  const { pending, lagMs, state } = direction
  if (pending === undefined || lagMs === undefined) return 'unknown'
  if (pending === 0) return state === 'unknown' ? 'unknown' : 'all there'
  return `${pending} pending, ${durationText(lagMs)} old`
}

export function evacuationText(safe: boolean | undefined): string {
  if (safe === undefined) return 'unknown'
  return safe ? 'safe' : 'not safe'
}

/** The round trip that is set, against the one that is seen. */
export function roundTripText({ link, observedMs }: Direction): { readonly set: string; readonly seen: string } {
  return {
    set: link === undefined ? 'not controlled here' : millisecondsText(link.roundTripMs),
    seen: observedMs === undefined ? 'not measured' : millisecondsText(observedMs),
  }
}

export function millisecondsText(ms: number): string {
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`
}

export function trafficText({ link }: Direction): string {
  if (link === undefined) return 'unknown'
  return link.bytesPerSecond === 0 ? 'nothing' : `${bytesText(link.bytesPerSecond)}/s`
}

/** Everything of a direction in a sentence, for those who hear it. */
export function sentenceOf(direction: Direction): string {
  const { from, to, link } = direction
  const { set, seen } = roundTripText(direction)
  const more = (link?.faults ?? []).map((fault) => faultText(fault))
  return [
    `${from} to ${to}: ${wordOf(direction)}`,
    `round trip set ${set}, seen ${seen}`,
    lagText(direction),
    ...more,
  ].join('; ')
}

export function faultText({ owner, what, endsAt }: FaultView): string {
  return `${what} by ${owner}, ${endsAt === null ? 'until healed' : `until ${endsAt.slice(11, 19)} UTC`}`
}

export function shapeText({ link }: Direction): string {
  if (link === undefined) return ''
  return [
    ...(link.jitterMs > 0 ? [`± ${millisecondsText(link.jitterMs)}`] : []),
    ...(link.bandwidthBitsPerSecond === null ? [] : [rateText(link.bandwidthBitsPerSecond)]),
    ...(link.stall === null ? [] : [`stalls ${link.stall.percent}%/${link.stall.ms}ms`]),
  ].join(', ')
}
