/**
 * `longitude verify TABLE`: exit status 0 when all replicas hold the same up to a watermark of this moment, 1 when they differ, 2 when
 * that cannot be found out: a replica does not answer, or the watermark is too old. `longitude repair TABLE` lets each region put
 * its replica right, and compares again.
 */
import type { Command } from 'commander'
import { z } from 'zod'
import { watermarkAgeMsMax } from '../../../core/limits/limits.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { durationMs } from '../../../process/duration.ts'
import { type Administered, askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { exitCode, Failure, messageOf, unknownStatus } from '../../../process/failure.ts'

/** A large table takes its time. */
const answerMsMax = 60 * 60 * 1000

const comparison = z.looseObject({
  table: z.string(),
  equal: z.boolean(),
  watermark: z.object({ wallMs: z.number(), counter: z.number() }),
  /** A node of an earlier version does not say it. */
  watermarkAgeMs: z.number().optional(),
  replicas: z.array(z.string()),
  rows: z.number(),
  inMotion: z.number(),
  differing: z.array(
    z.looseObject({
      key: z.record(z.string(), z.unknown()).nullable(),
      keyBytes: z.string(),
      replicas: z.record(z.string(), z.looseObject({ has: z.string() })),
    }),
  ),
  cut: z.boolean(),
})
const repairAnswer = comparison.extend({ mended: z.number(), unknown: z.number(), corrected: z.number().default(0) })

type Comparison = z.output<typeof comparison> & { readonly watermarkAgeMs: number }
type Endpoint = Administered

export async function runVerify(command: Command, json: boolean): Promise<void> {
  await orUnknown(() => compare(command, json))
}

export async function runRepair(command: Command, json: boolean): Promise<void> {
  await orUnknown(() => repair(command, json))
}

/** That it cannot be found out is neither yes nor no. */
async function orUnknown(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(error.message, unknownStatus)
  }
}

async function compare(command: Command, json: boolean): Promise<void> {
  const ageMsMax = ageMsMaxOf(command)
  tell(await verify(endpointsOf(command), tableOf(command)), { ageMsMax, json })
}

type Repaired = {
  readonly region: string
  readonly mended: number
  readonly unknown: number
  readonly corrected: number
}

async function repair(command: Command, json: boolean): Promise<void> {
  const ageMsMax = ageMsMaxOf(command)
  const endpoints = endpointsOf(command)
  const table = tableOf(command)
  const { replicas } = await verify(endpoints, table)
  const regions: Repaired[] = []
  for (const endpoint of endpoints.filter(([region]) => replicas.includes(region))) {
    const answer = repairAnswer.parse(await ask(endpoint, 'repair', table))
    regions.push({
      region: endpoint[0],
      mended: answer.mended,
      unknown: answer.unknown,
      corrected: answer.corrected,
    })
  }
  const found = await verify(endpoints, table)
  if (!json) for (const each of regions) console.log(repairedText(each))
  tell(found, { ageMsMax, json, more: { repaired: regions } })
}

function ageMsMaxOf(command: Command): number {
  const { watermarkAgeMax: text } = command.opts<{ watermarkAgeMax?: string }>()
  if (text === undefined) return watermarkAgeMsMax
  const ageMs = durationMs(text)
  if (ageMs === undefined)
    throw new Failure(`--watermark-age-max is "${text}": a duration such as 10s, 5m or PT5M is wanted`)
  return ageMs
}

type Telling = { readonly ageMsMax: number; readonly json: boolean; readonly more?: object }

/** That replicas differ is known however old the watermark is; that they are equal is not. */
function tell(found: Comparison, { ageMsMax, json, more }: Telling): void {
  const watermarkTooOld = found.watermarkAgeMs > ageMsMax
  if (json) console.log(JSON.stringify({ ...found, watermarkAgeMsMax: ageMsMax, watermarkTooOld, ...more }))
  else console.log([textOf(found), ...(watermarkTooOld ? [ageText(found, ageMsMax)] : [])].join('\n'))
  if (!found.equal) process.exitCode = exitCode.failure
  else if (watermarkTooOld) process.exitCode = unknownStatus
}

function ageText({ watermarkAgeMs }: Comparison, ageMsMax: number): string {
  const [age, bound] = [watermarkAgeMs, ageMsMax].map((ms) => `${(ms / 1000).toFixed(1)} s`)
  return `  not proven: that moment was ${age} ago when the comparison began (--watermark-age-max ${bound}); what was written since is not compared. \`longitude status\` shows which region is behind.`
}

function repairedText({ region, mended, unknown, corrected }: Repaired): string {
  const without = unknown > 0 ? `, ${unknown} without any valid row` : ''
  const derived = corrected > 0 ? `, ${corrected} index rows or counts corrected` : ''
  return `  ${region}: ${mended} mended${without}${derived}`
}

/** By the first region that has the table. */
async function verify(endpoints: readonly Endpoint[], table: string): Promise<Comparison> {
  const problems: string[] = []
  for (const endpoint of endpoints) {
    try {
      const found = comparison.parse(await ask(endpoint, 'verify', table))
      return { ...found, watermarkAgeMs: found.watermarkAgeMs ?? Math.max(0, Date.now() - found.watermark.wallMs) }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      problems.push(messageOf(error))
    }
  }
  throw new Failure(problems.join('\n           '))
}

/** A region that has stopped without a word is known by the short question, not after the long one's patience. */
async function ask(endpoint: Endpoint, verb: string, table: string): Promise<unknown> {
  await askAdmin(endpoint, 'status')
  return await askAdmin(endpoint, verb, { body: { table }, timeoutMs: answerMsMax })
}

function endpointsOf(command: Command): readonly Endpoint[] {
  return regionsAdministered(readOptionsFound(command, optionsOf.status))
}

function tableOf(command: Command): string {
  return command.args[0] ?? ''
}

function textOf({ table, equal, watermark, replicas, rows, inMotion, differing, cut }: Comparison): string {
  const upTo = new Date(watermark.wallMs).toISOString()
  const moving = inMotion === 0 ? '' : `; ${inMotion} written since`
  const over = `${replicas.join(', ')}: ${rows} items${moving}`
  if (equal) return `${table} is equal up to ${upTo} in ${over}`
  const lines = differing.map(({ key, keyBytes, replicas: each }) => {
    const name = key === null ? keyBytes : JSON.stringify(key)
    return `  ${name}  ${Object.entries(each)
      .map(([region, { has }]) => `${region} has ${has}`)
      .join(', ')}`
  })
  return [`${table} differs up to ${upTo} in ${over}`, ...lines, ...(cut ? ['  … and perhaps more'] : [])].join('\n')
}
