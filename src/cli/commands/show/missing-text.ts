/**
 * What regions that are silent had written and others have not got. A survivor knows what a silent region said last to itself; where
 * its own link was cut first, another survivor has heard more, also of what this one lacks. Here the latest word counts.
 */
import type { z } from 'zod'
import type { missingStatus } from '../../../deployment/status/status-shapes.ts'

type Missing = z.output<typeof missingStatus>

type Peer = { readonly peer: string; readonly state: string; readonly missing?: Missing | undefined }
/** A region that was asked, with what it says of each peer; without peers when it did not answer. */
type Asked = { readonly region: string; readonly peers: readonly Peer[] }

/** What `lackedBy` lacks of a peer's changes, as `heardBy` was told. */
type Word = {
  readonly lackedBy: string
  readonly heardBy: string
  readonly changes: number
  readonly sinceMs?: number | undefined
  readonly asOfMs: number
  readonly exact: boolean
}

export function missingText(regions: readonly Asked[]): string[] {
  const peers = [...new Set(regions.flatMap((region) => region.peers.map(({ peer }) => peer)))]
  const lines = peers.flatMap((peer) => [...silentLines(peer, regions), ...returnedLines(peer, regions)])
  return lines.length === 0 ? [] : [lines.join('\n')]
}

function silentLines(peer: string, regions: readonly Asked[]): string[] {
  const words = regions.flatMap((region) => wordsOf(region, peer))
  const answering = regions.filter(({ peers }) => peers.length > 0).map(({ region }) => region)
  const cut = answering.filter((region) => isSilent(stateOf(peer, regions, region)))
  // A region that is down cannot say it itself.
  const isConcerned = (region: string): boolean =>
    region !== peer && (cut.includes(region) || (cut.length > 0 && !answering.includes(region)))
  return [...new Set(words.map(({ lackedBy }) => lackedBy))].filter(isConcerned).flatMap((region) => {
    const [latest] = words.filter(({ lackedBy }) => lackedBy === region).toSorted((a, b) => b.asOfMs - a.asOfMs)
    return latest === undefined ? [] : [silentLine(peer, latest)]
  })
}

function wordsOf({ region, peers }: Asked, peer: string): Word[] {
  const missing = peers.find((each) => each.peer === peer)?.missing
  if (missing === undefined) return []
  const { changes, sinceMs, asOfMs, exact, others } = missing
  return [
    { lackedBy: region, heardBy: region, changes, sinceMs, asOfMs, exact },
    ...others.map((other) => ({
      lackedBy: other.region,
      heardBy: region,
      changes: other.changes,
      sinceMs: other.sinceMs,
      asOfMs,
      exact: other.atMost !== true,
    })),
  ]
}

function silentLine(peer: string, { lackedBy, heardBy, changes, sinceMs, asOfMs, exact }: Word): string {
  const who = heardBy === lackedBy ? 'it was heard last' : `${heardBy} heard it last`
  const figure = `${exact ? 'at least' : 'about'} ${changesText(changes, sinceMs)}`
  return `  ${peer} is silent: ${lackedBy} lacks ${figure}, as of ${timeText(asOfMs)}, when ${who}; what it acknowledged later is not known`
}

function returnedLines(peer: string, regions: readonly Asked[]): string[] {
  return regions.flatMap(({ region, peers }) => {
    const silence = peers.find((each) => each.peer === peer)?.missing?.silence
    if (isSilent(stateOf(peer, regions, region)) || silence?.returnedMs === undefined || silence.changes === 0)
      return []
    const { arrived, conflicts, outstanding, sameLog, returnedMs, changes } = silence
    const rest =
      outstanding === 0
        ? ''
        : `, ${outstanding} did not${sameLog === false ? ' (it came back with another log)' : ' yet'}`
    const met = conflicts === 0 ? '' : `; ${conflicts} met a concurrent write, see \`longitude conflicts\``
    return [
      `  ${peer} was heard again at ${timeText(returnedMs)}: of ${changes} changes that ${region} lacked ${arrived} arrived${rest}${met}`,
    ]
  })
}

function stateOf(peer: string, regions: readonly Asked[], region: string): string | undefined {
  return regions.find((each) => each.region === region)?.peers.find((each) => each.peer === peer)?.state
}

function isSilent(state: string | undefined): boolean {
  return state === 'cut' || state === 'unknown'
}

function changesText(changes: number, sinceMs: number | undefined): string {
  return `${changes} of its changes${sinceMs === undefined ? '' : ` (the oldest from ${timeText(sinceMs)})`}`
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}
