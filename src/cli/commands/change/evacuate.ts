/** `longitude evacuate REGION` and `longitude readmit REGION` (deployment/evacuate.ts), by the administration of the regions' nodes. */
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { servicesOf } from '../../../deployment/data-folder.ts'
import { type Administered, askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import {
  type AskRegion,
  evacuate,
  type EvacuationProof,
  readmit,
  type Readmitted,
  type Steps,
} from '../../../deployment/evacuate.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { durationMs } from '../../../process/duration.ts'
import { exchange } from '../../../process/requests/exchange.ts'
import { Failure } from '../../../process/failure.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

type Flags = {
  readonly to?: string
  readonly within: string
  readonly owner: string
  readonly leaveTables?: true
  readonly frontDoorUrl?: string
}

export async function runEvacuate(command: Command, json: boolean): Promise<void> {
  const [region = ''] = command.args
  const { to, leaveTables = false } = command.opts<Flags>()
  const found = regionsFound(command)
  const refuge = to ?? nearest(region, found.names)
  for (const name of [region, refuge]) found.check(name)
  const proof = await interruptible((signal) =>
    evacuate({ region, to: refuge, leaveTables }, stepsOf(command, { json, signal, ...found })),
  )
  console.log(json ? JSON.stringify(proof) : proofText(proof))
}

export async function runReadmit(command: Command, json: boolean): Promise<void> {
  const [region = ''] = command.args
  const found = regionsFound(command)
  found.check(region)
  const others = found.names.filter((name) => name !== region)
  const done = await interruptible((signal) => readmit(region, others, stepsOf(command, { json, signal, ...found })))
  console.log(json ? JSON.stringify(done) : readmittedText(done))
}

type Found = {
  readonly names: readonly string[]
  readonly ask: AskRegion
  readonly leads: Steps['leads']
  readonly check: (name: string) => void
}

function regionsFound(command: Command): Found {
  const options = readOptionsFound(command, optionsOf.status)
  const endpoints = new Map(regionsAdministered(options).map((each) => [each[0], each]))
  const names = [...endpoints.keys()]
  const door = command.opts<Flags>().frontDoorUrl ?? servicesOf(resolve(options.data))['frontDoor']
  return {
    names,
    ask: async (region, path, body) =>
      await askAdmin(endpoints.get(region) as Administered, path, body === undefined ? {} : { body }),
    leads: door === undefined ? undefined : async () => await leadsOf(door),
    check: (name) => {
      if (!endpoints.has(name)) throw new Failure(`no region ${name} runs here; there are ${names.join(', ')}`)
    },
  }
}

type Stepping = Found & { readonly json: boolean; readonly signal: AbortSignal }

function stepsOf(command: Command, { json, signal, ask, leads }: Stepping): Steps {
  const { within, owner } = command.opts<Flags>()
  const withinMs = durationMs(within)
  if (withinMs === undefined) throw new Failure(`--within is "${within}": a duration such as 60s or 5m is wanted`)
  return {
    ask,
    owner,
    withinMs,
    signal,
    ...(leads === undefined ? {} : { leads }),
    told: (line) => void (json || console.log(`  ${line}`)),
    pause: async (ms) => await pause(ms),
    nowMs: () => Date.now(),
  }
}

/** SIGINT and SIGTERM end it as far as it can be ended; a second one ends the process. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    return await work(controller.signal)
  } finally {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
  }
}

/** Of the regions that run. */
function nearest(region: string, names: readonly string[]): string {
  const known = readRegions()
  const far = (name: string): number => known.roundTripMs(region, name) ?? Infinity
  const [first, ...others] = names.filter((name) => name !== region)
  if (first === undefined) throw new Failure(`${region} is alone: there is no region to evacuate it to`)
  return others.reduce((best, name) => (far(name) < far(best) ? name : best), first)
}

const doorHealth = z.looseObject({ leads: z.record(z.string(), z.string()).default({}) })
const doorMsMax = 2000

/** Undefined when the front door does not answer. */
async function leadsOf(url: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const { text } = await exchange(new URL('/health', url), { timeoutMs: doorMsMax })
    return doorHealth.parse(JSON.parse(text)).leads
  } catch {
    return undefined
  }
}

function proofText(proof: EvacuationProof): string {
  const { region, to, epoch, flushed, cursor, tables, left, frontDoor, fencedAt, provedAt } = proof
  return [
    '',
    `  ${region} is evacuated to ${to}`,
    '',
    `  fenced            ${fencedAt}: no write was acknowledged after that`,
    `  proved            ${provedAt}: nothing pending, safe to evacuate`,
    `  log of ${region}  ends at ${flushed} (epoch ${epoch}); ${to} stands at ${cursor}`,
    `  tables            ${tables}${left.length === 0 ? `, all of them in ${to}` : `, of which ${to} lacks ${left.join(', ')}`}`,
    `  front door        ${doorText(frontDoor)}`,
    '',
    `  \`longitude readmit ${region}\` takes it back.`,
  ].join('\n')
}

const doorText = (led: EvacuationProof['frontDoor']): string =>
  led === 'none' ? 'none answers here: point clients there yourself' : led

function readmittedText({ region, readmitted, frontDoor }: Readmitted): string {
  if (!readmitted) return `  ${region} is not evacuated`
  return `  ${region} is readmitted; front door: ${frontDoor === 'none' ? 'none answers here' : frontDoor}`
}
