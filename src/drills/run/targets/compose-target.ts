/**
 * Regions that run as containers of Compose. What is broken is broken by the Docker engine, links by their control. Administration is
 * asked for inside a node's own container, where its token lies, so there is a relay in each. Nobody supervises containers for us: a shell that
 * waits for this process to end (as in supervisor/children/sentinel.ts) starts again what a drill that was killed had stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Direction } from '../../definition/cast.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { LinksControl } from '../../../links/control/links-client.ts'
import { ownProgram } from '../../../process/own-program.ts'
import { type ContainerRegion, RegionRelay, regionsIn } from './container-regions.ts'
import { addressOf, type Container, containersOf, docker, type Project } from './containers.ts'
import type { LinkFault, PartFault, Target } from './target.ts'

/** A node with its servers. */
type Place = {
  readonly region: string
  /** Where the region has several. */
  readonly name?: string
  readonly node: Container
  readonly nats: Container
  /** Its quorum server is broken with its NATS server. */
  readonly quorum?: Container
}
type Part = 'node' | 'nats'

export async function composeTarget(project: Project, owner: string): Promise<Target> {
  const containers = await containersOf(project)
  const regions = regionsIn(containers)
  const places = regions.flatMap((region) => placesOf(region, containers))
  if (places.length === 0)
    throw new Failure(`no region of ${project.file} runs: docker compose --file ${project.file} up --detach`)
  const token = await tokenOf(containers)
  const links = linksOf(containers, token)
  const distances = new Map((await links.list()).map(({ from, to, roundTripMs }) => [`${from}>${to}`, roundTripMs]))
  const relays = new Map(regions.map((region) => [region.region, new RegionRelay(region)]))
  const healing = { urls: carriersOf(containers).map(endpointOf), token, owner }
  const parts = new Parts(places, groupServersIn(places, containers), healing)
  return {
    description: `the containers of ${project.file}`,
    regions: regions.map(({ region, front }) => ({ region, endpoint: endpointOf(front) })),
    statusEveryMs: 300,
    admin: async (region, path, ask) => {
      const relay = relays.get(region)
      if (relay === undefined) throw new Failure(`no region ${region} runs here`)
      return await relay.ask(path, ask)
    },
    processes: async () => await parts.states(),
    nodes: async (of) =>
      await Promise.resolve(places.flatMap(({ region, name }) => (region === of ? (name ?? []) : []))),
    roundTripMs: (from, to) => distances.get(`${from}>${to}`) ?? 0,
    breakPart: async (fault) => await parts.break(fault),
    breakLinks: async (fault) => {
      await links.set({ owner, ...linksRequest(fault) })
    },
    mendParts: async (of) => await parts.mend(of),
    mendLinks: async (of) => {
      await links.heal({ owner, ...(of === undefined ? {} : { links: of.map(nameOf) }) })
    },
    // Faults of links end by themselves, and the sentinel sees the end of this process.
    live: async () => await Promise.resolve(),
    restore: async () => {
      const done = await Promise.allSettled([links.heal({ owner }), parts.mend({})])
      return done.flatMap((each) => (each.status === 'rejected' ? [messageOf(each.reason)] : []))
    },
    close: async () => {
      for (const relay of relays.values()) relay.close()
      parts.close()
      await Promise.resolve()
    },
  }
}

function placesOf({ region, nodes }: ContainerRegion, containers: readonly Container[]): readonly Place[] {
  const byService = new Map(containers.map((container) => [container.service, container]))
  return nodes.flatMap(({ name, container: node }) => {
    const { LONGITUDE_NATS: server, LONGITUDE_QUORUM: shared } = node.environment
    if (server === undefined) return []
    const nats = byService.get(new URL(server).hostname)
    if (nats === undefined) throw new Failure(`${server}, the NATS server of ${region}, is no service of the file`)
    const quorum = shared === undefined ? undefined : byService.get(new URL(shared).hostname)
    const named = name === undefined ? {} : { name }
    return [{ region, ...named, node, nats, ...(quorum === undefined ? {} : { quorum }) }]
  })
}

/** Of regions of several nodes: the quorum server of each among those of the other regions. */
function groupServersIn(places: readonly Place[], containers: readonly Container[]): ReadonlyMap<string, Container> {
  return new Map(
    places.flatMap(({ region, node }) => {
      const { LONGITUDE_GROUP_QUORUM: url } = node.environment
      const server = containers.find(({ service }) => url !== undefined && service === new URL(url).hostname)
      return server === undefined ? [] : [[region, server] as const]
    }),
  )
}

const placeName = ({ region, name }: Place): string => (name === undefined ? region : `${region}/${name}`)

function linksOf(containers: readonly Container[], token: string | undefined): LinksControl {
  const carriers = carriersOf(containers)
  if (carriers.length === 0) throw new Failure('no container carries links: nothing can be cut or slowed')
  return new LinksControl({ urls: carriers.map(endpointOf), token })
}

function carriersOf(containers: readonly Container[]): readonly Container[] {
  return containers.filter(({ role }) => role === 'links')
}

/** As the links' own container finds it. */
async function tokenOf(containers: readonly Container[]): Promise<string | undefined> {
  const [carrier] = carriersOf(containers)
  if (carrier === undefined) return undefined
  const { LONGITUDE_ADMIN_TOKEN: given, LONGITUDE_ADMIN_TOKEN_FILE: file } = carrier.environment
  if (given !== undefined && given !== '') return given
  const program = `process.stdout.write(require('node:fs').readFileSync(${JSON.stringify(file ?? '/data/admin-token')}, 'utf8'))`
  return (await docker(['exec', carrier.id, 'node', '--eval', program])).trim()
}

function endpointOf(container: Container): string {
  const address = addressOf(container)
  if (address === undefined)
    throw new Failure(`${container.service} publishes no port to this machine, or does not run`)
  return address
}

/** How the links are to be healed by somebody else. */
type Healing = { readonly urls: readonly string[]; readonly token: string | undefined; readonly owner: string }

function healingCommand({ urls, owner }: Healing): readonly string[] {
  return [...ownProgram(), 'links', 'heal', '--owner', owner, ...urls.map((url) => `--control=${url}`)]
}

const serversOf = ({ nats, quorum }: Place): readonly string[] => [
  nats.id,
  ...(quorum === undefined ? [] : [quorum.id]),
]
const idsOf = (place: Place): readonly string[] => [...serversOf(place), place.node.id]

type Broken = Pick<PartFault, 'region' | 'node' | 'part' | 'kind'>

class Parts {
  readonly #places: readonly Place[]
  readonly #groupServers: ReadonlyMap<string, Container>
  readonly #sentinel: ChildProcess
  #broken: readonly Broken[] = []

  constructor(places: readonly Place[], groupServers: ReadonlyMap<string, Container>, links: Healing) {
    this.#places = places
    this.#groupServers = groupServers
    const ids = [...places.flatMap(idsOf), ...[...groupServers.values()].map(({ id }) => id)].join(' ')
    const mending = `read said; [ "$said" = done ] || { for id in ${ids}; do docker unpause $id; docker start $id; done; "$@"; }`
    this.#sentinel = spawn('sh', ['-c', mending, 'longitude-sentinel', ...healingCommand(links)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, LONGITUDE_ADMIN_TOKEN: links.token },
    })
    this.#sentinel.on('error', () => {})
    this.#sentinel.stdin?.on('error', () => {})
    this.#sentinel.unref()
  }

  async states(): Promise<Readonly<Record<string, string>>> {
    const ids = this.#places.flatMap(({ node, nats }) => [node.id, nats.id])
    const states = (await docker(['inspect', '--format', '{{.State.Status}}', ...ids])).split('\n')
    return Object.fromEntries(
      this.#places.map((place, n) => [placeName(place), `node ${states[2 * n]}, nats ${states[2 * n + 1]}`]),
    )
  }

  async break({ offsetMs, forMs, ...fault }: PartFault): Promise<void> {
    const { kind, part } = fault
    const ids = this.#ids(fault)
    this.#broken = [...this.#broken, fault]
    if (kind === 'kill') await docker(['kill', ...ids])
    else if (kind === 'stop') await docker(['stop', ...ids])
    else if (kind === 'freeze') await docker(['pause', ...ids])
    else if (kind === 'clock')
      for (const id of ids) await stepClock(id, { offsetMs: offsetMs ?? 0, untilMs: Date.now() + forMs })
    else for (const id of ids) await this.#wipe(id, part)
  }

  /** A container goes on when nothing holds it any more. */
  async mend(of: { readonly region?: string; readonly node?: string; readonly part?: Part }): Promise<void> {
    const meant = (each: Broken): boolean =>
      (of.region === undefined || each.region === of.region) &&
      (of.node === undefined || each.node === of.node) &&
      (of.part === undefined || each.part === of.part)
    const mended = this.#broken.filter(meant)
    const places = new Map(mended.map((each) => [`${each.region} ${each.node} ${each.part}`, each]))
    await Promise.all([...places.values()].map(async (each) => await this.#mend(each, mended)))
    this.#broken = this.#broken.filter((each) => !mended.includes(each))
  }

  async #mend({ region, node, part }: Broken, mended: readonly Broken[]): Promise<void> {
    const ids = this.#ids({ region, part, ...(node === undefined ? {} : { node }) })
    const kinds = mended
      .filter((each) => each.region === region && each.node === node && each.part === part)
      .map(({ kind }) => kind)
    if (kinds.includes('freeze')) await docker(['unpause', ...ids])
    if (kinds.some((kind) => kind === 'kill' || kind === 'stop' || kind === 'wipe')) await docker(['start', ...ids])
    if (kinds.includes('clock')) for (const id of ids) await stepClock(id, undefined)
  }

  close(): void {
    this.#sentinel.stdin?.end('done\n')
  }

  #ids({ region, node, part }: Pick<PartFault, 'region' | 'node' | 'part'>): readonly string[] {
    const meant = this.#places.filter((each) => each.region === region && (node === undefined || each.name === node))
    if (meant.length === 0)
      throw new Failure(`no ${node === undefined ? '' : `node ${node} of `}region ${region} runs here`)
    if (part === 'node') return meant.map((place) => place.node.id)
    // It is of the whole region.
    const group = node === undefined ? this.#groupServers.get(region) : undefined
    return [...meant.flatMap(serversOf), ...(group === undefined ? [] : [group.id])]
  }

  /** By a container that has the volume and is nobody in particular: the one whose disk it is must not run. */
  async #wipe(id: string, part: Part): Promise<void> {
    // One that is down already cannot be killed.
    await docker(['kill', id]).catch(() => undefined)
    const [{ node } = { node: undefined }] = this.#places
    const image = node?.image ?? ''
    // The folder of a quorum server has its configuration too.
    const what = part === 'node' ? 'rm -rf /data/store /data/groups' : 'rm -rf /data/jetstream'
    await docker(['run', '--rm', '--user', '0', '--volumes-from', id, '--entrypoint', 'sh', image, '-c', what])
  }
}

/** The node looks at the file that LONGITUDE_CLOCK_FILE names. */
async function stepClock(
  id: string,
  step: { readonly offsetMs: number; readonly untilMs: number } | undefined,
): Promise<void> {
  const act =
    step === undefined ? 'rm -f "$LONGITUDE_CLOCK_FILE"' : `echo '${JSON.stringify(step)}' > "$LONGITUDE_CLOCK_FILE"`
  await docker(['exec', id, 'sh', '-c', `test -n "$LONGITUDE_CLOCK_FILE" && ${act}`])
}

function linksRequest({ links, forMs, ...shape }: LinkFault) {
  return { ...shape, links: links.map(nameOf), for: `${Math.ceil(forMs / 1000)}s` }
}

function nameOf({ from, to }: Direction): string {
  return `${from}>${to}`
}
