/** The same thing as a page does, as a command line and as a step of a drill. Pure. */

export type LinkChange = {
  readonly links: readonly string[]
  readonly state?: 'up' | 'down' | 'reset'
  readonly rtt?: string
  readonly jitter?: string
  readonly bandwidth?: string
  readonly stall?: string
  readonly for?: string
}

export type Told = { readonly command: string; /** Absent where a drill has no such step. */ readonly step?: string }

export function linkName(from: string, to: string, bothWays: boolean): string {
  return `${from}${bothWays ? '..' : '>'}${to}`
}

export function setLinksTold(change: LinkChange): Told {
  const { links, state, rtt, jitter, bandwidth, stall, for: time } = change
  const flags = [
    ...(state === undefined ? [] : [`--${state}`]),
    ...Object.entries({ rtt, jitter, bandwidth, stall, for: time }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name} ${quoted(value)}`],
    ),
  ]
  const command = ['longitude links set', ...links.map(quoted), ...flags].join(' ')
  const step = stepOf(change)
  return { command, ...(step === undefined ? {} : { step }) }
}

function stepOf({ links, state, rtt, jitter, bandwidth, stall, for: time }: LinkChange): string | undefined {
  const names = links.length === 1 ? (links[0] ?? '') : `[${links.join(', ')}]`
  if (state === 'down' && time === undefined) return `- cut: ${names}`
  if (state === 'down') return `- cut: { links: ${names}, for: ${time} }`
  if (state === 'reset') return `- cut: { links: ${names}, how: reset${time === undefined ? '' : `, for: ${time}`} }`
  if (state === 'up') return `- heal: ${names}`
  // What is taken away again is no step of its own.
  if (bandwidth === 'none' || stall === 'none') return undefined
  const figures = Object.entries({ rtt, jitter, bandwidth, stall, for: time })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
    .join(', ')
  return figures === '' ? undefined : `- slow: { links: ${names}, ${figures} }`
}

export function healTold(links?: readonly string[]): Told {
  if (links === undefined) return { command: 'longitude links heal', step: '- heal: all' }
  return { command: ['longitude links heal', ...links.map(quoted)].join(' '), step: `- heal: [${links.join(', ')}]` }
}

export function pauseTold(what: { readonly table: string } | { readonly link: string }, time: string): Told {
  const name = 'table' in what ? quoted(what.table) : `--link ${quoted(what.link)}`
  return { command: `longitude pause ${name} --for ${time}` }
}

export function resumeTold(what: { readonly table: string } | { readonly link: string }): Told {
  return { command: `longitude resume ${'table' in what ? quoted(what.table) : `--link ${quoted(what.link)}`}` }
}

export function tableTold(verb: 'verify' | 'repair' | 'conflicts', table: string): Told {
  return {
    command: `longitude ${verb} ${quoted(table)}`,
    ...(verb === 'verify' ? { step: '- expect: { converged: true }' } : {}),
  }
}

export function tailTold(table: string, region: string, from: 'now' | 'oldest'): Told {
  const flags = from === 'now' ? '' : ' --from oldest'
  return { command: `longitude streams tail ${quoted(table)} --region ${region}${flags}` }
}

export function drillTold(file: string, { allowHarm }: { readonly allowHarm: boolean }): string {
  return `longitude drill run ${quoted(file)} --yes${allowHarm ? ' --allow-harm' : ''}`
}

type ExplainedBy = {
  readonly as: string
  readonly action: string
  readonly region: string
  readonly table?: string
  readonly index?: string
  readonly key?: string
  readonly attributes?: readonly string[]
}

export function explainTold({ as, action, region, table, index, key, attributes }: ExplainedBy): string {
  const words = [action, ...(table === undefined ? [] : [table]), ...(key === undefined ? [] : [key])]
  const flags = [
    `--as ${quoted(as)}`,
    `--in ${region}`,
    ...(index === undefined ? [] : [`--index ${quoted(index)}`]),
    ...(attributes === undefined ? [] : [`--attributes ${quoted(attributes.join())}`]),
  ]
  return ['longitude access explain', ...flags, ...words.map(quoted)].join(' ')
}

/** The whole of it is several operations; this one names what there is. */
export function capacityTold({ region, endpoint }: { readonly region: string; readonly endpoint: string }): Told {
  const about = '--namespace AWS/DynamoDB --metric-name ConsumedWriteCapacityUnits'
  return { command: `aws cloudwatch list-metrics --endpoint-url ${endpoint} --region ${region} ${about}` }
}

type BrokenPart = {
  readonly region: string
  readonly part: 'node' | 'nats'
  readonly kind: 'kill' | 'freeze'
  readonly seconds: number
}

/** Only drills have it. */
export function partTold({ region, part, kind, seconds }: BrokenPart): { readonly step: string } {
  return { step: `- ${kind === 'kill' ? 'kill' : 'pause'}: { region: ${region}, part: ${part}, for: ${seconds}s }` }
}

/** An operation of the API by the aws command: its input as JSON, exactly. */
export function operationTold(
  operation: string,
  input: object,
  at: { readonly region: string; readonly endpoint: string },
): Told {
  const name = operation.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()
  const json = JSON.stringify(input)
  return {
    command: `aws dynamodb ${name} --endpoint-url ${at.endpoint} --region ${at.region} --cli-input-json ${quoted(json)}`,
  }
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
