/**
 * A region is evacuated: its writes are fenced, another region has everything that it acknowledged, and then stands in for it. Every step is durable in
 * the region that takes it and may be given again, so a command that was killed is finished, or taken back, by the next one. The step that counts is the
 * stand-in: before it the fence is taken away again when anything fails, after it nothing is.
 */
import { z } from 'zod'
import { Failure, messageOf } from '../process/failure.ts'

/** A region's answer below /admin/. */
export type AskRegion = (region: string, path: string, body?: unknown) => Promise<unknown>

const fence = z.object({ to: z.string(), owner: z.string(), sinceMs: z.number(), position: z.number() })
const standIn = z.object({ region: z.string(), owner: z.string(), sinceMs: z.number() })
const evacuationState = z.object({
  region: z.string(),
  fence: fence.nullable(),
  standsInFor: z.array(standIn),
  /** With the regions that serve each. */
  tables: z.array(z.object({ table: z.string(), regions: z.array(z.string()) })),
})
const status = z.object({
  epoch: z.string(),
  flushed: z.number(),
  peers: z.array(
    z.object({
      peer: z.string(),
      pending: z.number(),
      lagMs: z.number(),
      safeToEvacuate: z.boolean(),
      cursor: z.number(),
      outbound: z.string(),
    }),
  ),
})

type EvacuationState = z.output<typeof evacuationState>
type Status = z.output<typeof status>

export type Steps = {
  readonly ask: AskRegion
  readonly told: (line: string) => void
  readonly pause: (ms: number) => Promise<void>
  readonly nowMs: () => number
  /** Ends it as far as it can be ended. */
  readonly signal: AbortSignal
  readonly withinMs: number
  readonly owner: string
  /** Whom the front door leads to now, by region; undefined without a front door, or when it does not answer. */
  readonly leads?: () => Promise<Readonly<Record<string, string>> | undefined>
}

/** What was seen between the fence and the stand-in. */
export type EvacuationProof = {
  readonly region: string
  readonly to: string
  readonly fencedAt: string
  readonly provedAt: string
  /** The log of the region, and its end when everything was seen to have arrived. */
  readonly epoch: string
  readonly flushed: number
  /** Where the other region stands in that log. */
  readonly cursor: number
  readonly pending: number
  readonly safeToEvacuate: boolean
  readonly tables: number
  /** Tables that the other region does not have. */
  readonly left: readonly string[]
  readonly frontDoor: 'leads there' | 'does not lead there yet' | 'none'
}

export type Evacuating = { readonly region: string; readonly to: string; readonly leaveTables?: boolean }

const lookEveryMs = 200
const frontDoorMsMax = 5000
/** A region that returns lacks nothing that is older. */
const caughtUpMs = 2000

export async function evacuate(what: Evacuating, steps: Steps): Promise<EvacuationProof> {
  const { region, to } = what
  const { told } = steps
  const left = await checked(what, steps)
  const begun = await begin(what, steps)
  told(`${region} takes no writes since ${timeOf(begun.sinceMs)}`)
  const seen = await proved(what, steps).catch(async (error: unknown) => await takenBack(what, steps, error))
  told(`${to} has everything that ${region} has acknowledged: nothing is pending`)
  await steps.ask(to, 'evacuation/stand-in', { region, owner: steps.owner })
  told(`${to} stands in for ${region}`)
  const frontDoor = await led(steps, (leads) => leads[region] === to)
  return {
    region,
    to,
    fencedAt: new Date(begun.sinceMs).toISOString(),
    provedAt: new Date(steps.nowMs()).toISOString(),
    ...seen,
    left,
    frontDoor,
  }
}

/** Nothing is done yet that would have to be taken back. */
async function checked({ region, to, leaveTables = false }: Evacuating, { ask }: Steps): Promise<readonly string[]> {
  if (region === to) throw new Failure(`${region} cannot be evacuated to itself`)
  const [here, there] = [await stateOf(ask, region), await stateOf(ask, to)]
  if (there.fence !== null) throw new Failure(`${to} is evacuated itself, to ${there.fence.to}: readmit it first`)
  if (here.fence !== null && here.fence.to !== to)
    throw new Failure(`${region} is evacuated to ${here.fence.to} by ${here.fence.owner}: readmit it first`)
  if (here.standsInFor.length > 0)
    throw new Failure(
      `${region} stands in for ${here.standsInFor.map((each) => each.region).join(', ')}: readmit that first`,
    )
  const left = here.tables.filter(({ regions }) => !regions.includes(to)).map(({ table }) => table)
  if (left.length > 0 && !leaveTables)
    throw new Failure(`${to} has no replica of ${shown(left)}: add one, or give --leave-tables to go without`)
  return left
}

async function begin({ region, to }: Evacuating, { ask, owner }: Steps): Promise<z.output<typeof fence>> {
  return fence.parse(await ask(region, 'evacuation/fence', { to, owner }))
}

type Seen = Pick<EvacuationProof, 'epoch' | 'flushed' | 'cursor' | 'pending' | 'safeToEvacuate' | 'tables'>

/** Resolves once the region says that the other has everything, after its fence. */
async function proved({ region, to }: Evacuating, steps: Steps): Promise<Seen> {
  const { ask, nowMs, signal, withinMs, pause } = steps
  const untilMs = nowMs() + withinMs
  for (let problem = ''; ; await pause(lookEveryMs)) {
    if (signal.aborted) throw new Failure('interrupted')
    try {
      const own = statusOf(await ask(region, 'status'))
      const peer = own.peers.find((each) => each.peer === to)
      if (peer === undefined) throw new Failure(`${region} does not know ${to}`)
      if (peer.safeToEvacuate && peer.pending === 0) {
        const cursor = statusOf(await ask(to, 'status')).peers.find((each) => each.peer === region)?.cursor ?? 0
        const { tables } = await stateOf(ask, region)
        return {
          epoch: own.epoch,
          flushed: own.flushed,
          cursor,
          pending: 0,
          safeToEvacuate: true,
          tables: tables.length,
        }
      }
      problem = `${peer.pending} changes are pending to ${to}, whose line is ${peer.outbound}`
    } catch (error) {
      problem = messageOf(error)
    }
    if (nowMs() >= untilMs) throw new Failure(`not safe within ${withinMs / 1000} s: ${problem}`)
  }
}

/** The fence is taken away again; throws what had gone wrong. */
async function takenBack({ region }: Evacuating, { ask }: Steps, error: unknown): Promise<never> {
  try {
    await ask(region, 'evacuation/open', {})
  } catch (second) {
    throw new Failure(
      `${messageOf(error)}; ${region} takes no writes still (${messageOf(second)}): \`longitude readmit ${region}\` ends that`,
    )
  }
  throw new Failure(`${messageOf(error)}; the evacuation is given up, and ${region} takes writes again`)
}

export type Readmitted = {
  readonly region: string
  readonly readmitted: boolean
  readonly stoodIn: readonly string[]
  readonly frontDoor: EvacuationProof['frontDoor']
}

/** `others` are all regions of the deployment but this one. */
export async function readmit(region: string, others: readonly string[], steps: Steps): Promise<Readmitted> {
  const { ask, told } = steps
  const here = await stateOf(ask, region)
  const states = await Promise.all(others.map(async (other) => await stateOf(ask, other).catch(() => undefined)))
  const stoodIn = states.flatMap((each) =>
    each?.standsInFor.some((one) => one.region === region) === true ? [each.region] : [],
  )
  if (here.fence === null && stoodIn.length === 0) return { region, readmitted: false, stoodIn, frontDoor: 'none' }
  await caughtUp(region, others, steps)
  told(`${region} has caught up with the others`)
  await ask(region, 'evacuation/open', {})
  told(`${region} takes writes again`)
  for (const other of stoodIn) {
    await ask(other, 'evacuation/step-back', { region })
    told(`${other} does not stand in for ${region} any more`)
  }
  const frontDoor = await led(steps, (leads) => leads[region] === undefined)
  return { region, readmitted: true, stoodIn, frontDoor }
}

/** Every other region that answers has nothing older than two seconds that this one lacks. */
async function caughtUp(region: string, others: readonly string[], steps: Steps): Promise<void> {
  const { ask, nowMs, signal, withinMs, pause } = steps
  const untilMs = nowMs() + withinMs
  for (;;) {
    if (signal.aborted) throw new Failure(`interrupted; ${region} is evacuated still`)
    const lacking = (await Promise.all(others.map((other) => lackOf(other, region, ask)))).filter(
      (each) => each !== undefined,
    )
    if (lacking.length === 0) return
    if (nowMs() >= untilMs)
      throw new Failure(
        `${region} has not caught up within ${withinMs / 1000} s and is evacuated still: ${lacking.join('; ')}`,
      )
    await pause(lookEveryMs)
  }
}

async function lackOf(other: string, region: string, ask: AskRegion): Promise<string | undefined> {
  let peer: Status['peers'][number] | undefined
  try {
    peer = statusOf(await ask(other, 'status')).peers.find((each) => each.peer === region)
  } catch {
    // A region that is down sends nothing, and is caught up with when it comes back.
    return undefined
  }
  if (
    peer === undefined ||
    (peer.pending === 0 && peer.outbound !== 'unknown') ||
    (peer.outbound === 'live' && peer.lagMs < caughtUpMs)
  )
    return undefined
  return `it lacks ${peer.pending} changes of ${other}, whose line to it is ${peer.outbound}`
}

/** The front door looks at the regions each second. */
async function led(
  { leads, nowMs, pause }: Steps,
  isLed: (leads: Readonly<Record<string, string>>) => boolean,
): Promise<EvacuationProof['frontDoor']> {
  if (leads === undefined) return 'none'
  const untilMs = nowMs() + frontDoorMsMax
  for (;;) {
    const now = await leads()
    if (now === undefined) return 'none'
    if (isLed(now)) return 'leads there'
    if (nowMs() >= untilMs) return 'does not lead there yet'
    await pause(lookEveryMs)
  }
}

async function stateOf(ask: AskRegion, region: string): Promise<EvacuationState> {
  return evacuationState.parse(await ask(region, 'evacuation'))
}

const statusOf = (told: unknown): Status => status.parse(told)
const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 23)
const namesShownMax = 5
const shown = (names: readonly string[]): string =>
  names.length <= namesShownMax
    ? names.join(', ')
    : `${names.slice(0, namesShownMax).join(', ')} and ${names.length - namesShownMax} more`
