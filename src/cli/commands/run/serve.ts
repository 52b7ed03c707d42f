/** `longitude serve --ephemeral`: regions in memory, in this one process, for test suites in any language. Nothing is kept. */
import type { Command } from 'commander'
import { z } from 'zod'
import { Failure, codeOf } from '../../../process/failure.ts'
import { childOf } from '../../../process/process-end.ts'
import { tableText } from '../../../process/table-text.ts'
import { wrongShape } from '../../../process/requests/wrong-shape.ts'
import type { Cluster } from '../../../testing/cluster-api.ts'
import { EmbeddedCluster } from '../../../testing/cluster.ts'
import { controlRoutes } from '../../../testing/control-routes.ts'

const given = z.object({
  ephemeral: z.boolean().optional(),
  regions: z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== '')),
  port: z.coerce.number('a port').int().min(0).max(65_535),
  clock: z.enum(['manual', 'real'], 'manual or real'),
  seed: z.coerce.number('a whole number').int().optional(),
  tables: z.array(z.string()).default([]),
})

export async function runServe(command: Command, json: boolean): Promise<void> {
  const parsed = given.safeParse(command.opts())
  if (!parsed.success) throw new Failure(`serve: ${wrongShape(parsed.error)}`)
  const { ephemeral, regions, port, clock, seed, tables } = parsed.data
  if (ephemeral !== true)
    throw new Failure(
      'serve keeps nothing: say so by --ephemeral, or run `longitude up` for regions that keep their data',
    )
  const parent = childOf()
  const cluster = await made(() =>
    EmbeddedCluster.made(
      { regions, clock, ...(seed === undefined ? {} : { seed }), tables: tables.map((file) => ({ file })) },
      { routes: controlRoutes },
    ),
  )
  const endpoints = await listen(cluster, port)
  print(cluster, endpoints, json)
  parent.ready()
  // A cluster keeps no process alive by itself.
  const held = setInterval(() => undefined, 2 ** 30)
  await parent.end
  clearInterval(held)
  await cluster.close()
  // Node may spin for ever in its own end when it is left to that.
  parent.exit()
}

/** What a document or an option says wrong is the user's to read, without a stack. */
async function made(work: () => Promise<Cluster>): Promise<Cluster> {
  try {
    return await work()
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error))
  }
}

/** The first region at `port`, the others after it; each at a free port for 0. */
async function listen(cluster: Cluster, port: number): Promise<readonly Endpoint[]> {
  const endpoints: Endpoint[] = []
  for (const [at, region] of cluster.regions.entries()) {
    const wanted = port === 0 ? 0 : port + at
    const endpoint = await cluster.endpoint(region, { port: wanted }).catch((error: unknown) => {
      if (codeOf(error) !== 'EADDRINUSE') throw error
      throw new Failure(`port ${wanted} on 127.0.0.1 is in use by another program`)
    })
    endpoints.push({ region, endpoint })
  }
  return endpoints
}

type Endpoint = { readonly region: string; readonly endpoint: string }

/** One line of JSON, or a table: either is whole before anything else is printed, so a test can wait for it. */
function print({ seed, leftOut }: Cluster, endpoints: readonly Endpoint[], json: boolean): void {
  if (json) return console.log(JSON.stringify({ seed, regions: endpoints, leftOut }))
  const rows = endpoints.map(({ region, endpoint }) => [region, endpoint])
  console.log(tableText(['REGION', 'ENDPOINT'], rows))
  if (leftOut.length > 0) console.log(`left out of the tables: ${leftOut.join(', ')}`)
  console.log(`seed ${seed}; nothing is kept after Ctrl-C`)
}
