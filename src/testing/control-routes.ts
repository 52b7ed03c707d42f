/**
 * What a test in another language asks of a cluster beside the API, at the endpoint of any of its regions:
 *
 *   POST /_longitude/reset      {}                                       back to how it was at the start
 *   POST /_longitude/advance    { "time": "5s" }
 *   POST /_longitude/settle     { "within": "10m" }
 *   POST /_longitude/links      { "link": "a..b", "cut": true }          or "cut": false, "ms", "jitter", "loss"
 *   POST /_longitude/regions    { "region": "a", "running": false }      or "skew"
 *   POST /_longitude/faults     { "region": "a", "set": { "kind": "throttle", … } }   or "clear": { "owner", "id", "kind" }
 *   POST /_longitude/converged  {}                                       409 with the differences
 *   GET  /_longitude/conflicts  ?table=T
 */
import { z } from 'zod'
import type { AdminRoute } from '../http/routes.ts'
import { BadRequest } from '../process/requests/bad-request.ts'
import { shaped } from '../process/requests/wrong-shape.ts'
import { faultSelection } from '../node/faults/fault-wish.ts'
import type { Cluster, FaultSettings } from './cluster-api.ts'

const time = z.union([z.number(), z.string()])
const nothing = z.strictObject({})
const advance = z.strictObject({ time })
const settle = z.strictObject({ within: time.optional() })
const links = z.strictObject({
  link: z.string(),
  cut: z.boolean().optional(),
  ms: z.number().optional(),
  jitter: z.number().optional(),
  loss: z.number().optional(),
})
const regions = z.strictObject({ region: z.string(), running: z.boolean().optional(), skew: time.optional() })

const faults = z.strictObject({ region: z.string(), set: z.unknown().optional(), clear: faultSelection.optional() })

type Work<T> = (input: T) => Promise<void> | void

/** The replicas differ, or do not settle: the test has found something. */
class NotAsWanted extends Error {
  readonly statusCode = 409
}

export function controlRoutes(cluster: Cluster): readonly AdminRoute[] {
  const state = (): object => ({ seed: cluster.seed, now: cluster.now().toISOString(), regions: cluster.regions })
  const post = <T>(name: string, schema: z.ZodType<T>, work: Work<T>): AdminRoute => ({
    method: 'POST',
    path: `/_longitude/${name}`,
    answer: async ({ body }) => {
      const input = shaped(schema, body ?? {})
      await told(() => work(input))
      return state()
    },
  })
  return [
    post('reset', nothing, () => cluster.reset()),
    post('advance', advance, (input) => cluster.advance(input.time)),
    post('settle', settle, ({ within }) => cluster.settle(within === undefined ? {} : { within })),
    post('links', links, (input) => changeLink(cluster, input)),
    post('regions', regions, (input) => changeRegion(cluster, input)),
    post('faults', faults, ({ region, set, clear }) => changeFaults(cluster, region, { set, clear })),
    post('converged', nothing, () => cluster.assertConverged()),
    {
      method: 'GET',
      path: '/_longitude/conflicts',
      answer: ({ query }) => ({ conflicts: cluster.conflicts(query['table']) }),
    },
  ]
}

/** A TypeError is about what was asked for, another error about what the cluster has found. */
async function told(work: () => Promise<void> | void): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { message, cause } = error as Error
    if (error instanceof TypeError || cause instanceof TypeError) throw new BadRequest(message)
    throw new NotAsWanted(message)
  }
}

function changeLink(cluster: Cluster, { link: name, cut, ms, jitter, loss }: z.output<typeof links>): void {
  const [a = '', b = ''] = name.split('..')
  const link = cluster.link(a, b)
  const settings = { ...(ms === undefined ? {} : { ms }), ...(jitter === undefined ? {} : { jitter }) }
  link.set({ ...settings, ...(loss === undefined ? {} : { loss }) })
  if (cut === true) link.cut()
  if (cut === false) link.heal()
}

type FaultChange = { readonly set?: unknown; readonly clear?: object | undefined }

function changeFaults(cluster: Cluster, region: string, { set, clear }: FaultChange): void {
  const { faults: ofRegion } = cluster.region(region)
  if (clear !== undefined) ofRegion.clear(clear)
  // Checked there.
  if (set !== undefined) ofRegion.set(set as FaultSettings)
}

async function changeRegion(cluster: Cluster, input: z.output<typeof regions>): Promise<void> {
  const region = cluster.region(input.region)
  if (input.skew !== undefined) region.skew(input.skew)
  if (input.running === false) region.kill()
  if (input.running === true) await region.restart()
}
