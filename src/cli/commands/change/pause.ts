/**
 * `longitude pause TABLE --for 5m` and `longitude pause --link a..b --for 5m`, and `longitude resume` of the same. Every region
 * that is concerned is told; clients notice nothing, and what was written meanwhile arrives afterwards.
 */
import type { Command } from 'commander'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { durationMs } from '../../../process/duration.ts'
import { type Administered, askAdmin, regionsAdministered, Unanswered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'

type What = { readonly table: string } | { readonly link: readonly [string, string] }
type Told = {
  readonly region: string
  readonly done: boolean
  readonly answer?: unknown
  readonly problem?: string
  /** The region did not answer: whether it has the table is not known. */
  readonly unanswered?: true
}

export async function runPause(command: Command, json: boolean): Promise<void> {
  const text = command.opts<{ for?: string }>().for
  const forMs = text === undefined ? undefined : durationMs(text)
  if (text === undefined) throw new Failure('--for is needed: a duration such as 90s, 5m or PT5M')
  if (forMs === undefined) throw new Failure(`--for is "${text}": a duration such as 90s, 5m or PT5M is wanted`)
  await tell(command, json, 'pause', { forMs })
}

export async function runResume(command: Command, json: boolean): Promise<void> {
  await tell(command, json, 'resume', {})
}

async function tell(command: Command, json: boolean, verb: 'pause' | 'resume', more: object): Promise<void> {
  const what = whatOf(command)
  const endpoints = regionsAdministered(readOptionsFound(command, optionsOf.status))
  const concerned = 'link' in what ? endpoints.filter(([region]) => what.link.includes(region)) : endpoints
  if ('link' in what && concerned.length < 2)
    throw new Failure(`${what.link.join('..')} is no link between running regions`)
  const told = await Promise.all(concerned.map((endpoint) => tellOne(endpoint, verb, { ...what, ...more })))
  const name = 'link' in what ? what.link.join('..') : what.table
  if (json) console.log(JSON.stringify({ [verb]: name, regions: told }))
  else for (const { region, done, problem } of told) console.log(`  ${done ? `${region}  ${verb}d` : problem}`)
  if (!told.some(({ done }) => done)) throw new Failure(`${name} was not ${verb}d anywhere`)
  // A region without the table has nothing to pause; an end of a link that was not reached lets half of it through.
  if ('link' in what && !told.every(({ done }) => done)) throw new Failure(`one end of ${name} was not ${verb}d`)
  const silent = told.filter(({ unanswered }) => unanswered === true).map(({ region }) => region)
  if (silent.length > 0)
    throw new Failure(`${name} was not ${verb}d in ${silent.join(', ')}: give the command again once it answers`)
}

async function tellOne(endpoint: Administered, verb: string, body: object): Promise<Told> {
  try {
    return { region: endpoint[0], done: true, answer: await askAdmin(endpoint, verb, { body }) }
  } catch (error) {
    const silent = error instanceof Unanswered ? { unanswered: true as const } : {}
    return { region: endpoint[0], done: false, problem: messageOf(error), ...silent }
  }
}

function whatOf(command: Command): What {
  const [table] = command.args
  const { link } = command.opts<{ link?: string }>()
  if ((table === undefined) === (link === undefined)) throw new Failure('name either a table or, with --link, a link')
  if (table !== undefined) return { table }
  const [one, other, ...rest] = (link ?? '').split('..')
  if (one === undefined || other === undefined || one === '' || other === '' || rest.length > 0)
    throw new Failure(`--link is "${link}": two regions such as us-east-1..eu-west-1 are wanted`)
  return { link: [one, other] }
}
