/** What is printed when all regions are ready: a table of them with the distances, and commands to paste. */
import type { Layout } from '../deployment/layout.ts'
import { tableText } from '../process/table-text.ts'

export type NodeOverview = {
  readonly node: string
  readonly folder: string
  readonly state: string
  readonly processes: {
    readonly node: number | undefined
    readonly natsServer: number | undefined
    readonly quorumServer: number | undefined
  }
}

export type RegionOverview = {
  readonly region: string
  readonly city: string
  readonly endpoint: string
  /** Of the cache before it. */
  readonly cache?: string
  /** Of the cache, for DAX's clients. */
  readonly dax?: string
  readonly state: string
  /** Why it has failed. */
  readonly reason?: string
  readonly natsPort: number
  readonly processes: {
    readonly node: number | undefined
    readonly natsServer: number | undefined
    readonly cache?: number
  }
  /** Where the region has several. */
  readonly nodes?: readonly NodeOverview[]
  /** Round trips in milliseconds, by region. */
  readonly distances: Readonly<Record<string, number>>
}

export function distancesOf(layout: Layout, from: string): Readonly<Record<string, number>> {
  const own = layout.links.filter((link) => link.from === from)
  return Object.fromEntries(own.map(({ to, roundTripMs }) => [to, roundTripMs]))
}

export function overviewText(
  regions: readonly RegionOverview[],
  services: Readonly<Record<string, string>>,
  /** The file of what the regions' certificates are known by, where they speak TLS. */
  authority?: string,
): string {
  const names = regions.map(({ region }) => region)
  const hasCaches = regions.some(({ cache }) => cache !== undefined)
  const rows = regions.map(({ region, endpoint, cache, state, distances }) => [
    region,
    endpoint,
    ...(hasCaches ? [cache ?? '–'] : []),
    state,
    ...names.map((name) => (name === region ? '–' : `${Math.round(distances[name] ?? 0)} ms`)),
  ])
  return [
    tableText(
      ['REGION', 'ENDPOINT', ...(hasCaches ? ['CACHE'] : []), 'STATE', ...names.map((name) => `to ${name}`)],
      rows,
    ),
    '',
    ...failureLines(regions),
    ...serviceLines(services),
    ...daxLines(regions),
    ...(authority === undefined ? [] : [`  ${authority} is the authority that clients need to know`]),
    '',
    ...commands(
      regions.filter(({ reason }) => reason === undefined),
      authority,
    ),
  ].join('\n')
}

function failureLines(regions: readonly RegionOverview[]): string[] {
  const failed = regions.filter(({ reason }) => reason !== undefined)
  if (failed.length === 0) return []
  return [...failed.map(({ region, reason }) => `  ${region} failed, and is tried again: ${reason}`), '']
}

function serviceLines({ console, frontDoor, linksControl }: Readonly<Record<string, string>>): string[] {
  return [
    ...(console === undefined ? [] : [`  ${console} is the console: open it in a browser`]),
    ...(frontDoor === undefined
      ? []
      : [`  ${frontDoor} is the front door: one endpoint for every region, by the signature`]),
    ...(linksControl === undefined ? [] : [`  ${linksControl} controls the links`]),
  ]
}

function daxLines(regions: readonly RegionOverview[]): string[] {
  const all = regions.flatMap(({ dax }) => (dax === undefined ? [] : [dax]))
  return all.length === 0 ? [] : [`  ${all.join(', ')} are the caches for Amazon’s DAX clients`]
}

function commands(regions: readonly RegionOverview[], authority: string | undefined): string[] {
  const [first, ...others] = regions
  const last = others.at(-1)
  if (first === undefined) return []
  const at = ({ endpoint, region }: RegionOverview): string => `--endpoint-url ${endpoint} --region ${region}`
  return [
    'Try, in another terminal:',
    '',
    '  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any',
    // The first is for the aws CLI and most SDKs, the second for Node.
    ...(authority === undefined ? [] : [`  export AWS_CA_BUNDLE=${authority} NODE_EXTRA_CA_CERTS=${authority}`]),
    `  aws dynamodb create-table --table-name Employees --billing-mode PAY_PER_REQUEST \\`,
    '    --attribute-definitions AttributeName=EmployeeID,AttributeType=S AttributeName=Department,AttributeType=S \\',
    `    --key-schema AttributeName=EmployeeID,KeyType=HASH AttributeName=Department,KeyType=RANGE ${at(first)}`,
    ...(last === undefined
      ? []
      : [
          // One replica a call, and the next once it is ACTIVE, as on AWS.
          `  aws dynamodb update-table --table-name Employees --replica-updates 'Create={RegionName=${last.region}}' ${at(first)}`,
          '  sleep 2     # until the replica is ACTIVE',
        ]),
    `  aws dynamodb put-item --table-name Employees --item '{"EmployeeID":{"S":"E001"},"Department":{"S":"Sales"}}' ${at(first)}`,
    `  aws dynamodb get-item --table-name Employees --key '{"EmployeeID":{"S":"E001"},"Department":{"S":"Sales"}}' ${at(last ?? first)}`,
    '',
    '  npx longitude status        regions, links, lag and health',
    '  npx longitude links         the distances, and how to cut them',
    '',
    'Ctrl-C stops everything; the data stays.',
  ]
}
