/** Carries out what the pages ask: of the regions' administration, of their API, and of the control of links. */
import { z } from 'zod'
import { consoleConflictsMax } from '../core/limits/console-limits.ts'
import { type Administered, askAdmin } from '../deployment/endpoints.ts'
import type { Handlers } from '../deployment/control/call-server.ts'
import { askedRegion, statusOf } from '../deployment/status/regions-status.ts'
import { nodeStatus } from '../deployment/status/status-shapes.ts'
import { NoAnswer, Refusal, type Wire } from '../drills/run/load/wire.ts'
import type { LinksControl } from '../links/control/links-client.ts'
import type { ControlClient } from '../supervisor/control/supervisor-client.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { type AccessReach, accessHandlers } from './access/access-handlers.ts'
import { capacityHandlers } from './capacity/capacity-handlers.ts'
import { costHandlers } from './capacity/cost-handlers.ts'
import { consoleCalls, type Comparison, type ToldOf } from './console-calls.ts'
import { type DrillReach, drillHandlers } from './drills/drill-handlers.ts'
import type { Histories } from './histories.ts'
import { streamHandlers } from './stream-handlers.ts'

export type Reach = {
  readonly regions: readonly Administered[]
  readonly links: Pick<LinksControl, 'set' | 'heal'>
  readonly wire: Wire
  /** Of `longitude up`; undefined where none runs. */
  readonly supervisor: () => Pick<ControlClient, 'states' | 'break' | 'heal'> | undefined
  /** Undefined where drills are not run. */
  readonly drills: DrillReach | undefined
  readonly access: Pick<AccessReach, 'identities' | 'mode'>
  readonly histories: Histories
  /** Somebody has changed something: it is looked at now, and noted. */
  readonly onChange: (text: string, regions: readonly string[]) => void
}

/** A person waits, and the connection with him. */
const answerMsMax = 60_000
const comparisonMsMax = 10 * 60_000
const tablesMax = 10_000
const owner = 'console'

export function handlersOf(reach: Reach): Handlers<typeof consoleCalls> {
  return {
    ...linkHandlers(reach),
    ...pauseHandlers(reach),
    ...tableHandlers(reach),
    ...partHandlers(reach),
    ...streamHandlers({ wire: reach.wire, endpointOf: (region) => named(reach, region)[1] }),
    triggers: async () => await triggersOf(reach),
    verify: async ({ table }) => await verified(reach, table),
    repair: async ({ table }) => await repaired(reach, table),
    conflicts: async ({ after }) => await conflictsOf(reach, after),
    ...capacityHandlers({ wire: reach.wire, endpointOf: (region) => named(reach, region)[1] }),
    ...costHandlers({ wire: reach.wire, places: reach.regions.map(([region, endpoint]) => ({ region, endpoint })) }),
    ...accessHandlers({ ...reach, ...reach.access }),
    ...drillHandlers(reach.drills, {
      regions: reach.regions.map(([region]) => region),
      isRunHere: () => reach.supervisor() !== undefined,
    }),
    history: ({ from, to }) => reach.histories.of(from, to),
  }
}

function linkHandlers(reach: Reach): Pick<Handlers<typeof consoleCalls>, 'setLinks' | 'heal'> {
  return {
    setLinks: async (asked) => {
      const views = await reach.links.set({ ...asked, owner })
      reach.onChange(`set ${asked.links.join(', ')}`, regionsOf(views))
      return { done: views.map(({ from, to }) => `${from}>${to}`).join(', ') }
    },
    heal: async ({ links }) => {
      const views = await reach.links.heal(links === undefined ? {} : { links })
      const regions = links === undefined ? ((await reach.supervisor()?.heal({})) ?? []) : []
      reach.onChange(`healed ${links === undefined ? 'everything' : links.join(', ')}`, regionsOf(views))
      return { done: [`${views.length} directions`, ...regions].join(', ') }
    },
  }
}

function regionsOf(views: readonly { readonly from: string; readonly to: string }[]): readonly string[] {
  return [...new Set(views.flatMap(({ from, to }) => [from, to]))]
}

function pauseHandlers(reach: Reach): Pick<Handlers<typeof consoleCalls>, 'pause' | 'resume'> {
  const tell = async (verb: 'pause' | 'resume', asked: Paused & { readonly forMs?: number }) => {
    const { link, table } = asked
    const concerned = reach.regions.filter(([region]) => link === undefined || link.includes(region))
    const regions = await Promise.all(
      concerned.map(async (at) => {
        try {
          await askAdmin(at, verb, { body: asked })
          return { region: at[0], done: true }
        } catch (error) {
          return { region: at[0], done: false, problem: messageOf(error) }
        }
      }),
    )
    reach.onChange(`${verb}d ${link === undefined ? (table ?? '') : link.join('..')}`, [...(link ?? [])])
    return { regions }
  }
  return { pause: async (asked) => await tell('pause', asked), resume: async (asked) => await tell('resume', asked) }
}

function partHandlers(reach: Reach): Pick<Handlers<typeof consoleCalls>, 'processes' | 'breakPart'> {
  return {
    processes: async () => {
      const supervisor = reach.supervisor()
      return { isRunHere: supervisor !== undefined, regions: (await supervisor?.states()) ?? [] }
    },
    breakPart: async (asked) => {
      const supervisor = reach.supervisor()
      if (supervisor === undefined)
        throw new Failure('no `longitude up` runs these regions: their processes are not broken from here')
      await supervisor.break({ owner, ...asked })
      const what = `${asked.kind} ${asked.part} of ${asked.region} for ${asked.forMs / 1000} s`
      reach.onChange(what, [asked.region])
      return { done: what }
    },
  }
}

const toldTriggers = z.object({
  triggers: z.array(
    z.looseObject({
      uuid: z.string(),
      function: z.string(),
      table: z.string().nullish(),
      state: z.string(),
      lastResult: z.string().nullish(),
      lagSeconds: z.number().nullish(),
    }),
  ),
})

async function triggersOf({ regions }: Reach): Promise<ToldOf<'triggers'>> {
  const problems: string[] = []
  const each = regions.map(async (at) => {
    try {
      const { triggers } = toldTriggers.parse(await askAdmin(at, 'triggers'))
      return triggers.map(({ uuid, function: name, table, state, lastResult, lagSeconds }) => ({
        region: at[0],
        uuid,
        function: name,
        state,
        ...(table === null || table === undefined ? {} : { table }),
        ...(lastResult === null || lastResult === undefined ? {} : { lastResult }),
        ...(lagSeconds === null || lagSeconds === undefined ? {} : { lagSeconds }),
      }))
    } catch (error) {
      problems.push(problemOf(error))
      return []
    }
  })
  return { triggers: (await Promise.all(each)).flat(), problems }
}

type Paused = { readonly table?: string; readonly link?: readonly [string, string] }

function tableHandlers(
  reach: Reach,
): Pick<Handlers<typeof consoleCalls>, 'dynamodb' | 'items' | 'tables' | 'tableFlow' | 'tableGroup'> {
  return {
    dynamodb: async ({ region, operation, input }) => {
      const [, endpoint] = named(reach, region)
      try {
        return { output: await reach.wire.send({ region, endpoint }, operation, input, answerMsMax) }
      } catch (error) {
        if (error instanceof Refusal)
          return { error: { type: error.type, message: error.message.replace(`${error.type}: `, '') } }
        if (error instanceof NoAnswer) return { error: { type: 'NoAnswer', message: `${region}: ${error.message}` } }
        throw error
      }
    },
    items: async ({ table, keys }) => {
      const each = reach.regions.map(async (at) => {
        try {
          const told = await askAdmin(at, 'items', { body: { table, keys } })
          return { region: at[0], rows: shownRows.parse(told).rows }
        } catch (error) {
          return { region: at[0], problem: problemOf(error) }
        }
      })
      return { regions: await Promise.all(each) }
    },
    tables: async () => await tablesOf(reach),
    tableGroup: async ({ table }) => await groupOf(reach, table),
    tableFlow: async ({ table }) => ({ directions: (await Promise.all(reach.regions.map(flowOf(table)))).flat() }),
  }
}

const shownRows = z.object({ rows: consoleCalls.items.told.shape.regions.element.shape.rows.unwrap() })

function problemOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'it answers with something else than this version expects'
  return messageOf(error)
}

function named({ regions }: Reach, region: string): Administered {
  const found = regions.find(([name]) => name === region)
  if (found === undefined) throw new Failure(`no region ${region} here`)
  return found
}

const namesPage = z.object({ TableNames: z.array(z.string()), LastEvaluatedTableName: z.string().optional() })

async function tablesOf({ regions, wire }: Reach): Promise<ToldOf<'tables'>> {
  const found = new Map<string, string[]>()
  const problems: string[] = []
  await Promise.all(
    regions.map(async ([region, endpoint]) => {
      try {
        for (let start: string | undefined, count = 0; count < tablesMax;) {
          const input = start === undefined ? {} : { ExclusiveStartTableName: start }
          const page = namesPage.parse(await wire.send({ region, endpoint }, 'ListTables', input, answerMsMax))
          for (const name of page.TableNames) found.set(name, [...(found.get(name) ?? []), region])
          count += page.TableNames.length
          start = page.LastEvaluatedTableName
          if (start === undefined) return
        }
      } catch (error) {
        problems.push(`${region}: ${problemOf(error)}`)
      }
    }),
  )
  const order = regions.map(([name]) => name)
  const inOrder = (names: readonly string[]): string[] => order.filter((name) => names.includes(name))
  const tables = [...found].map(([name, has]) => ({ name, regions: inOrder(has) }))
  return { tables: tables.toSorted((a, b) => (a.name < b.name ? -1 : 1)), problems }
}

/** Of a table with strong consistency between regions; nothing of another one. */
async function groupOf({ regions }: Reach, table: string): Promise<ToldOf<'tableGroup'>> {
  const { groups } = await statusOf(regions.map((at) => askedRegion(at, { briefly: true })))
  const found = groups.find(({ tables }) => tables.includes(table))
  if (found === undefined) return {}
  return { group: { ...found, tables: [...found.tables], members: [...found.members] } }
}

/** Of one region: how its writes to a table stand with each peer. */
function flowOf(name: string): (at: Administered) => Promise<ToldOf<'tableFlow'>['directions']> {
  return async (at) => {
    const told = nodeStatus.safeParse(
      await askAdmin(at, `status?tables=${encodeURIComponent(name)}`).catch(() => undefined),
    )
    return (told.data?.peers ?? []).flatMap(({ peer, tables }) =>
      tables
        .filter(({ table }) => table === name)
        .map(({ pending, lagMs, watermark, replicationLatency, safeToEvacuate, pausedUntilMs }) => ({
          from: at[0],
          to: peer,
          pending,
          lagMs,
          ...(watermark === undefined ? {} : { watermarkMs: watermark.wallMs }),
          ...(replicationLatency === undefined ? {} : { averageMs: replicationLatency.averageMs }),
          safeToEvacuate,
          ...(pausedUntilMs === undefined ? {} : { pausedUntilMs }),
        })),
    )
  }
}

/** By the first region that has the table and answers. */
async function verified({ regions }: Reach, table: string): Promise<Comparison> {
  const problems: string[] = []
  for (const at of regions) {
    try {
      // A region that has stopped without a word is known by the short question.
      await askAdmin(at, 'status?tables=')
      const told = await askAdmin(at, 'verify', { body: { table }, timeoutMs: comparisonMsMax })
      return consoleCalls.verify.told.parse(told)
    } catch (error) {
      problems.push(problemOf(error))
    }
  }
  throw new Failure(problems.join('; '))
}

const mendedCount = z.object({ mended: z.number() })
const noTable = /no table .* here$/

async function repaired(reach: Reach, table: string): Promise<ToldOf<'repair'>> {
  const done: { region: string; mended?: number; problem?: string }[] = []
  // One after the other, as each takes what the others have.
  for (const at of reach.regions) {
    try {
      const told = await askAdmin(at, 'repair', { body: { table }, timeoutMs: comparisonMsMax })
      done.push({ region: at[0], mended: mendedCount.parse(told).mended })
    } catch (error) {
      const problem = problemOf(error)
      if (!noTable.test(problem)) done.push({ region: at[0], problem })
    }
  }
  const replicas = done.map(({ region }) => region)
  reach.onChange(`repaired ${table}`, replicas)
  return { repaired: done, after: await verified(reach, table) }
}

const feedPage = z.object({ conflicts: consoleCalls.conflicts.told.shape.conflicts, next: z.number() })

/** One page of each region's feed after where the asker has come. */
async function conflictsOf({ regions }: Reach, after: Readonly<Record<string, number>>): Promise<ToldOf<'conflicts'>> {
  const next: Record<string, number> = { ...after }
  const problems: string[] = []
  const pages = await Promise.all(
    regions.map(async (at) => {
      try {
        const page = feedPage.parse(await askAdmin(at, `conflicts?after=${after[at[0]] ?? 0}`))
        next[at[0]] = page.next
        return page.conflicts.slice(0, consoleConflictsMax)
      } catch (error) {
        problems.push(problemOf(error))
        return []
      }
    }),
  )
  return { conflicts: pages.flat(), next, problems }
}
