/** `longitude faults set`, `faults list` and `faults clear`: faults of the regions' APIs. Each region keeps its own, in its process. */
import type { Command } from 'commander'
import { z } from 'zod'
import { type FaultRequest, type FaultView, faultView } from '../../../node/faults/fault-wish.ts'
import { type Administered, askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { tableText } from '../../../process/table-text.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

const answer = z.object({ faults: z.array(faultView) })

type SetFlags = {
  readonly throttle?: true
  readonly error?: true
  readonly unavailable?: true
  readonly timeout?: true | string
  readonly slow?: string
  readonly reset?: true
  readonly stale?: true | string
  readonly partial?: true | string
  readonly conflict?: true
  readonly after?: true
  readonly operation?: string
  readonly table?: string
  readonly index?: string
  readonly keyPrefix?: string
  readonly hashes?: string
  readonly share: string
  readonly reason?: NonNullable<FaultRequest['reason']>
  readonly for: string
  readonly owner: string
  readonly seed?: string
}

export async function runFaultsSet(command: Command, json: boolean): Promise<void> {
  const body = requestOf(command.opts<SetFlags>())
  await tell(command, { path: 'faults/set', body, json })
}

export async function runFaultsList(command: Command, json: boolean): Promise<void> {
  await tell(command, { path: 'faults', json })
}

export async function runFaultsClear(command: Command, json: boolean): Promise<void> {
  const { owner, id } = command.opts<{ owner?: string; id?: string }>()
  const body = { ...(owner === undefined ? {} : { owner }), ...(id === undefined ? {} : { id }) }
  await tell(command, { path: 'faults/clear', body, json })
}

type Telling = { readonly path: string; readonly body?: object; readonly json: boolean }
type Told = { readonly region: string; readonly faults?: readonly FaultView[]; readonly problem?: string }

async function tell(command: Command, { path, body, json }: Telling): Promise<void> {
  const endpoints = meant(regionsAdministered(readOptionsFound(command, optionsOf.status)), command.args)
  const told = await Promise.all(endpoints.map(async (endpoint) => await tellOne(endpoint, path, body)))
  if (json) console.log(JSON.stringify({ regions: told }))
  else print(told)
  const problems = told.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
  if (problems.length > 0) throw new Failure(problems.join('\n  '))
}

async function tellOne(endpoint: Administered, path: string, body: object | undefined): Promise<Told> {
  try {
    const { faults } = answer.parse(await askAdmin(endpoint, path, body === undefined ? {} : { body }))
    return { region: endpoint[0], faults }
  } catch (error) {
    return { region: endpoint[0], problem: messageOf(error) }
  }
}

/** All regions when none is named. */
function meant(endpoints: readonly Administered[], names: readonly string[]): readonly Administered[] {
  if (names.length === 0 || names.includes('all')) return endpoints
  const known = endpoints.map(([region]) => region)
  const missing = names.filter((name) => !known.includes(name))
  if (missing.length > 0) throw new Failure(`no region ${missing.join(', ')} runs here; there are ${known.join(', ')}`)
  return endpoints.filter(([region]) => names.includes(region))
}

function print(told: readonly Told[]): void {
  const rows = told.flatMap(({ region, faults = [] }) =>
    faults.map((fault) => [
      region,
      fault.id,
      fault.what,
      `${fault.struck} of ${fault.met}`,
      fault.owner,
      fault.endsAt.slice(11, 19),
      `${fault.seed}`,
    ]),
  )
  if (rows.length > 0) console.log(tableText(['REGION', 'ID', 'FAULT', 'STRUCK', 'OWNER', 'UNTIL', 'SEED'], rows))
  else if (told.some(({ faults }) => faults !== undefined)) console.log('  no faults are set')
}

function requestOf(flags: SetFlags): FaultRequest {
  const kinds = kindsIn(flags)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1)
    throw new Failure(
      'one kind of fault is wanted: --throttle, --error, --unavailable, --timeout, --slow, --reset, --stale, --partial or --conflict',
    )
  const { after, keyPrefix, hashes, share, reason, for: time, owner, seed } = flags
  const lists = { operations: listOf(flags.operation), tables: listOf(flags.table), indexes: listOf(flags.index) }
  const given = {
    ...kind,
    ...lists,
    after,
    keyPrefix,
    hashes,
    reason,
    seed: seed === undefined ? undefined : Number(seed),
  }
  const some = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...(some as typeof kind), share, for: time, owner }
}

function kindsIn(flags: SetFlags): readonly Pick<FaultRequest, 'kind' | 'hold' | 'delay' | 'age' | 'items'>[] {
  const { timeout, slow, stale, partial } = flags
  const plain = (['throttle', 'error', 'unavailable', 'reset', 'conflict'] as const).filter(
    (kind) => flags[kind] === true,
  )
  return [
    ...plain.map((kind) => ({ kind })),
    ...(timeout === undefined ? [] : [{ kind: 'timeout' as const, ...(timeout === true ? {} : { hold: timeout }) }]),
    ...(slow === undefined ? [] : [{ kind: 'slow' as const, delay: slow }]),
    ...(stale === undefined ? [] : [{ kind: 'stale' as const, ...(stale === true ? {} : { age: stale }) }]),
    ...(partial === undefined ? [] : [{ kind: 'partial' as const, ...(partial === true ? {} : { items: partial }) }]),
  ]
}

const listOf = (text: string | undefined): string[] | undefined => text?.split(',').map((name) => name.trim())
