/** What the control of `longitude up` is asked and tells. */
import { z } from 'zod'
import type { Calls } from '../../deployment/control/control-calls.ts'

/** The file in a run's data folder that says where its control is. */
export const controlFileName = 'control.json'

export const controlFile = z.object({
  port: z.number(),
  scheme: z.enum(['http', 'https']).default('http'),
  /** Where the links are controlled. */
  links: z.string(),
  /** The nodes' endpoints, by region. */
  nodes: z.record(z.string(), z.string()),
})
export type ControlFile = Readonly<z.output<typeof controlFile>>

const faultMsMax = 24 * 60 * 60 * 1000
const diagnosis = z.object({
  /** The last ones of the log. */
  lines: z.array(z.string()).readonly(),
  natsServer: z.string(),
  /** Without secrets. */
  options: z.record(z.string(), z.unknown()),
})
const part = z.enum(['node', 'nats'])
const faultRequest = z.strictObject({
  owner: z.string().min(1),
  region: z.string(),
  /** One of the region's nodes, where it has several; all of them where none is named. */
  node: z.string().exactOptional(),
  part,
  kind: z.enum(['kill', 'stop', 'freeze', 'wipe', 'clock']),
  forMs: z.number().positive().max(faultMsMax),
  /** Of the wall clock; of kind 'clock' only. */
  offsetMs: z.number().optional(),
})
const fault = faultRequest.extend({ id: z.number(), startedMs: z.number(), endsMs: z.number() })
const state = z.object({
  region: z.string(),
  /** Of the node, where the region has several. */
  name: z.string().exactOptional(),
  node: z.string(),
  nats: z.string(),
})

export type Part = z.output<typeof part>
export type RegionState = Readonly<z.output<typeof state>>
export type FaultRequest = Readonly<z.output<typeof faultRequest>>
export type FaultKind = FaultRequest['kind']
export type Fault = Readonly<z.output<typeof fault>>

export type Diagnosis = Readonly<z.output<typeof diagnosis>>

export const supervisorCalls = {
  diagnosis: { route: 'GET /diagnosis', asked: z.object({}), told: diagnosis },
  regions: {
    route: 'GET /regions',
    asked: z.object({}),
    told: z.object({ regions: z.array(state).readonly(), faults: z.array(fault).readonly() }),
  },
  break: { route: 'POST /faults', asked: faultRequest, told: fault },
  heal: {
    route: 'POST /heal',
    asked: z.strictObject({
      owner: z.string().exactOptional(),
      region: z.string().exactOptional(),
      node: z.string().exactOptional(),
      part: part.exactOptional(),
    }),
    told: z.object({ healed: z.array(fault).readonly() }),
  },
  lease: {
    route: 'POST /lease',
    asked: z.strictObject({ owner: z.string().min(1), forMs: z.number().min(0).max(faultMsMax) }),
    told: z.object({}),
  },
} as const satisfies Calls
