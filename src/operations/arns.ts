/** Names of tables and indexes as ARNs. Requests may name a table by either; data and replies keep the plain name. */

type Place = { readonly region: string; readonly accountId: string }

export const tableArn = ({ region, accountId }: Place, table: string): string =>
  `arn:aws:dynamodb:${region}:${accountId}:table/${table}`

export const indexArn = (place: Place, table: string, index: string): string =>
  `${tableArn(place, table)}/index/${index}`

export const streamArn = (place: Place, table: string, label: string): string =>
  `${tableArn(place, table)}/stream/${label}`

export const globalTableArn = ({ accountId }: Place, table: string): string =>
  `arn:aws:dynamodb::${accountId}:global-table/${table}`

const tableArnPattern = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([a-zA-Z0-9_.-]+)$/

/** The table's name if the ARN is one of this account and region, undefined if it is of another. */
export function nameInArn(place: Place, arn: string): string | undefined {
  const [, region, accountId, name] = tableArnPattern.exec(arn) ?? []
  return region === place.region && accountId === place.accountId ? name : undefined
}

export const isArn = (nameOrArn: string): boolean => nameOrArn.startsWith('arn:')

/** What a request calls the table, as a plain name; an ARN of elsewhere stays what it is and finds no table. */
export function tableNameOf(place: Place, nameOrArn: string): string {
  return isArn(nameOrArn) ? (nameInArn(place, nameOrArn) ?? nameOrArn) : nameOrArn
}
