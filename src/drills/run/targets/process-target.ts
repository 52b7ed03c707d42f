/** Regions that run as processes of this machine, under a `longitude up` of their own or of this drill. */
import { resolve } from 'node:path'
import type { Direction } from '../../definition/cast.ts'
import { type AdminTokenOptions, foundToken } from '../../../deployment/secrets/admin-token.ts'
import { askAdmin } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { LinksControl } from '../../../links/control/links-client.ts'
import { type ControlClient, controlOf } from '../../../supervisor/control/supervisor-client.ts'
import type { Faults } from '../../../supervisor/supervised-faults.ts'
import type { LinkFault, Target } from './target.ts'

/** What a supervisor does for a drill, from within its process or over its control. */
export type PartsControl = Pick<ControlClient, 'states' | 'break' | 'heal' | 'lease'>

export type ProcessTargetOptions = {
  readonly description: string
  readonly owner: string
  readonly endpoints: Readonly<Record<string, string>>
  readonly parts: PartsControl
  /** Of the administration. */
  readonly token: string | undefined
  readonly links: LinksControl
  /** Stops what was started for the drill. */
  readonly close?: () => Promise<void>
}

const statusEveryMs = 200
/** So long after its last sign of life a drill counts as gone. */
const leaseMs = 15_000

export async function processTarget(options: ProcessTargetOptions): Promise<Target> {
  const { description, owner, endpoints, parts, links } = options
  const distances = new Map((await links.list()).map(({ from, to, roundTripMs }) => [`${from}>${to}`, roundTripMs]))
  const endpointOf = (region: string): string => {
    const endpoint = endpoints[region]
    if (endpoint === undefined) throw new Failure(`no region ${region} runs here`)
    return endpoint
  }
  return {
    description,
    regions: Object.entries(endpoints).map(([region, endpoint]) => ({ region, endpoint })),
    statusEveryMs,
    admin: async (region, path, ask = {}) => await askAdmin([region, endpointOf(region), options.token], path, ask),
    processes: async () => {
      const states = await parts.states()
      return Object.fromEntries(
        states.map(({ region, name, node, nats }) => [placeOf({ region, name }), `node ${node}, nats ${nats}`]),
      )
    },
    nodes: async (region) =>
      (await parts.states()).flatMap((state) => (state.region === region ? (state.name ?? []) : [])),
    roundTripMs: (from, to) => distances.get(`${from}>${to}`) ?? 0,
    breakPart: async (fault) => {
      await parts.break({ owner, ...fault })
    },
    breakLinks: async (fault) => {
      await links.set({ owner, ...linksRequest(fault) })
    },
    mendParts: async (of) => {
      await parts.heal({ owner, ...of })
    },
    mendLinks: async (of) => {
      await links.heal({ owner, ...(of === undefined ? {} : { links: of.map(nameOf) }) })
    },
    live: async () => await parts.lease(owner, leaseMs),
    restore: async () => {
      const done = await Promise.allSettled([links.heal({ owner }), parts.heal({ owner })])
      await parts.lease(owner, 0)
      return done.flatMap((each) => (each.status === 'rejected' ? [messageOf(each.reason)] : []))
    },
    close: async () => await options.close?.(),
  }
}

/** Throws a Failure when no `longitude up` runs on the folder. */
export async function runningTarget(options: AdminTokenOptions, owner: string): Promise<Target> {
  const folder = resolve(options.data)
  const token = foundToken(options)
  const control = controlOf({ ...options, data: folder })
  if (control === undefined)
    throw new Failure(
      `no \`longitude up\` runs on ${folder}: --data tells its folder, --start runs regions for the drill alone, --compose takes those of Docker`,
    )
  return await processTarget({
    description: `the regions of \`longitude up\` on ${folder}`,
    owner,
    endpoints: control.endpoints,
    parts: control,
    token,
    links: new LinksControl({ urls: [control.links], token }),
  })
}

/** The supervisor is in this very process. */
export function ownParts(faults: Faults): PartsControl {
  return {
    states: async () => await Promise.resolve([...faults.states]),
    break: async (request) => await faults.break(request),
    heal: async (of) => (await faults.heal(of)).map(({ region, part, kind }) => `${kind} ${part} of ${region}`),
    lease: async () => await Promise.resolve(),
  }
}

function linksRequest({ links, forMs, ...shape }: LinkFault) {
  return { ...shape, links: links.map(nameOf), for: `${Math.ceil(forMs / 1000)}s` }
}

const placeOf = ({ region, name }: { readonly region: string; readonly name?: string | undefined }): string =>
  name === undefined ? region : `${region}/${name}`

function nameOf({ from, to }: Direction): string {
  return `${from}>${to}`
}
