/**
 * `longitude demo`: two regions, a cut, a write on either side of it, and what comes of them. Real nodes, NATS servers and links in a temporary
 * folder; where there is no nats-server, the embedded cluster.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { startPrivateRegions } from '../../../drills/run/targets/private-regions.ts'
import { findNatsServer } from '../../../nats-server/find.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { childOf } from '../../../process/process-end.ts'
import { progressTo } from '../../../process/role.ts'
import { controlRoutes } from '../../../testing/control-routes.ts'
import { EmbeddedCluster } from '../../../testing/cluster.ts'
import { readOptions } from '../../configuration.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { demoRegions, type DemoStage, tellDemo } from './demo-story.ts'

const image = z.looseObject({ item: z.record(z.string(), z.unknown()).nullable() })
const conflict = z.looseObject({ winner: z.string(), loser: z.string(), won: image, lost: image })
const feed = z.looseObject({ conflicts: z.array(conflict) })
const status = z.looseObject({ peers: z.array(z.looseObject({ pending: z.number(), lagMs: z.number() })) })
const comparison = z.looseObject({ equal: z.boolean(), rows: z.number(), replicas: z.array(z.string()) })

/** By which commands find what --keep leaves running. */
const demoName = 'demo'
const cutMsMax = 120_000
const embeddedDelayMs = 35

export async function runDemo(command: Command, json: boolean): Promise<void> {
  const print = (line: string): void => console.log(json ? JSON.stringify({ line }) : line)
  const { natsServer } = readOptions(command, optionsOf.natsServer)
  const parent = childOf()
  const stage = await stageOf(natsServer, progressTo(json))
  const isKept = command.opts<{ keep?: boolean }>().keep === true
  let isEnding = false
  try {
    await Promise.race([tellDemo(stage, print), parent.end.then(() => (isEnding = true))])
    if (isKept && !isEnding) {
      print('  Still running, until Ctrl-C:')
      for (const [region, endpoint] of Object.entries(stage.endpoints)) print(`    ${region}  ${endpoint}`)
      if (stage.name !== undefined)
        print(`  Commands find them from another terminal: longitude status --name ${stage.name}`)
      const held = setInterval(() => undefined, cutMsMax)
      await parent.end
      clearInterval(held)
    }
  } finally {
    await stage.close()
  }
  if (isKept) print('  Stopped; nothing is left.')
  parent.exit()
}

async function stageOf(natsServer: string | undefined, progress: (line: string) => void): Promise<DemoStage> {
  try {
    await findNatsServer({ explicit: natsServer, progress })
  } catch (error) {
    if (!(error instanceof Failure) || natsServer !== undefined) throw error
    progress(messageOf(error))
    return await embeddedStage('no nats-server was found, and none could be fetched')
  }
  return await nodesStage(natsServer)
}

async function nodesStage(natsServer: string | undefined): Promise<DemoStage> {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-demo-'))
  const [here, there] = demoRegions
  const links = [
    { from: here, to: there },
    { from: there, to: here },
  ] as const
  const target = await startPrivateRegions({
    regions: demoRegions,
    owner: 'demo',
    natsServer,
    latency: true,
    recordAs: demoName,
    logFile: join(folder, 'log'),
    progress: () => undefined,
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  return {
    name: demoName,
    description: 'real nodes, NATS servers and links in a temporary folder',
    roundTripMs: target.roundTripMs(here, there),
    endpoints: Object.fromEntries(target.regions.map(({ region, endpoint }) => [region, endpoint])),
    cut: () => target.breakLinks({ links, state: 'down', forMs: cutMsMax }),
    heal: () => target.mendLinks(links),
    conflicts: async (table) => {
      const feeds = await Promise.all(demoRegions.map((region) => target.admin(region, `conflicts?table=${table}`)))
      return feeds.flatMap((told) => feed.parse(told).conflicts)
    },
    pending: async (from) => {
      const [peer] = status.parse(await target.admin(from, 'status')).peers
      return { count: peer?.pending ?? 0, lagMs: peer?.lagMs ?? 0 }
    },
    verdict: async (table) => {
      const { equal, rows, replicas } = comparison.parse(
        await target.admin(here, 'verify', { body: { table }, timeoutMs: cutMsMax }),
      )
      return `${replicas.length} replicas of ${rows} items are ${equal ? 'equal, row by row' : 'DIFFERENT'}`
    },
    close: async () => {
      await target.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function embeddedStage(reason: string): Promise<DemoStage> {
  const links = { default: { ms: embeddedDelayMs } }
  const cluster = await EmbeddedCluster.made({ regions: demoRegions, links }, { routes: controlRoutes })
  const [here, there] = demoRegions
  const urls = await Promise.all(demoRegions.map(async (region) => [region, await cluster.endpoint(region)] as const))
  return {
    description: `regions in this process, on memory and without NATS, because ${reason}`,
    roundTripMs: 2 * embeddedDelayMs,
    endpoints: Object.fromEntries(urls),
    cut: () => Promise.resolve(cluster.link(here, there).cut()),
    heal: () => Promise.resolve(cluster.link(here, there).heal()),
    conflicts: (table) => Promise.resolve(cluster.conflicts(table).map((told) => conflict.parse(told))),
    pending: (from) => {
      const [peer] = cluster.running(from)?.region.replication.status().peers ?? []
      return Promise.resolve({ count: peer?.pending ?? 0, lagMs: peer?.lagMs ?? 0 })
    },
    verdict: async () => {
      await cluster.assertConverged()
      return 'both replicas hold the same items'
    },
    close: () => cluster.close(),
  }
}
