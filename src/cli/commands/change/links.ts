/** `longitude links`, `links set` and `links heal`: what the distances between the regions are now, and changing them. */
import type { Command } from 'commander'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { Failure } from '../../../process/failure.ts'
import type { LinkView, SetRequest } from '../../../links/control/links-client.ts'
import { controlOf } from '../../../links/control/control-options.ts'
import { bandwidthText, delayText, stallText } from '../../../links/quantities.ts'
import type { Shape } from '../../../links/lane/link-shape.ts'
import { tableText } from '../../../process/table-text.ts'

export async function runLinks(command: Command, json: boolean): Promise<void> {
  print(await controlOf(readOptionsFound(command, optionsOf.links)).list(), json)
}

type SetFlags = Pick<SetRequest, 'rtt' | 'jitter' | 'bandwidth' | 'stall' | 'owner' | 'for'> & {
  readonly down?: boolean
  readonly reset?: boolean
  readonly up?: boolean
  readonly oneWay?: boolean
}

export async function runLinksSet(command: Command, json: boolean): Promise<void> {
  const { down, reset, up, oneWay, rtt, jitter, bandwidth, stall, owner, for: time } = command.opts<SetFlags>()
  const states = [
    ...(down === true ? ['down' as const] : []),
    ...(reset === true ? ['reset' as const] : []),
    ...(up === true ? ['up' as const] : []),
  ]
  if (states.length > 1) throw new Failure('only one of --down, --reset and --up')
  const figures = { rtt, jitter, bandwidth, stall, state: states[0], owner, for: time }
  const given = Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined))
  const names = command.args.map((name) => (oneWay === true ? name.replace('..', '>') : name))
  print(await controlOf(readOptionsFound(command, optionsOf.links)).set({ links: names, ...given }), json)
}

export async function runLinksHeal(command: Command, json: boolean): Promise<void> {
  const { owner } = command.opts<{ owner?: string }>()
  const links = command.args
  const healed = await controlOf(readOptionsFound(command, optionsOf.links)).heal({
    ...(owner === undefined ? {} : { owner }),
    ...(links.length === 0 ? {} : { links }),
  })
  print(healed, json)
}

function print(links: readonly LinkView[], json: boolean): void {
  console.log(json ? JSON.stringify({ links }) : textOf(links))
}

function textOf(links: readonly LinkView[]): string {
  const rows = links.map((link) => [
    link.from,
    link.to,
    shapeText(link.configured),
    isAsConfigured(link) ? 'the same' : shapeText(link),
    link.state,
    String(link.connections),
    sizeText(link.carriedBytes),
    link.faults.map(faultText).join('; '),
  ])
  return tableText(['FROM', 'TO', 'CONFIGURED', 'NOW', 'STATE', 'CONNECTIONS', 'CARRIED', 'FAULTS'], rows)
}

/** The state has a column of its own. */
function shapeText({ roundTripMs, jitterMs, bandwidthBitsPerSecond, stall }: Shape): string {
  const parts = [
    delayText(roundTripMs) + (jitterMs === 0 ? '' : ` ± ${delayText(jitterMs)}`),
    ...(bandwidthBitsPerSecond === null ? [] : [bandwidthText(bandwidthBitsPerSecond)]),
    ...(stall === null ? [] : [`stalls ${stallText(stall)}`]),
  ]
  return parts.join(', ')
}

const isAsConfigured = (link: LinkView): boolean => shapeText(link) === shapeText(link.configured)

function faultText({ owner, what, startedAt, endsAt }: LinkView['faults'][number]): string {
  const end = endsAt === null ? '' : ` until ${clockTime(endsAt)}`
  return `${what} by ${owner} since ${clockTime(startedAt)}${end}`
}

const clockTime = (iso: string): string => iso.slice(11, 19)

function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1e6)} MB`
}
