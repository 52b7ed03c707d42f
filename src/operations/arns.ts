/** Names of tables and indexes as ARNs. Requests may name a table by either; data and replies keep the plain name. */
import { ServiceError, validationError } from '../core/errors.ts'

type Place = { readonly region: string; readonly accountId: string }

export const tableArn = ({ region, accountId }: Place, table: string): string =>
  `arn:aws:dynamodb:${region}:${accountId}:table/${table}`

export const indexArn = (place: Place, table: string, index: string): string =>
  `${tableArn(place, table)}/index/${index}`

export const streamArn = (place: Place, table: string, label: string): string =>
  `${tableArn(place, table)}/stream/${label}`

export const backupArn = (place: Place, table: string, id: string): string => `${tableArn(place, table)}/backup/${id}`

const copyKinds = { export: 'export', import: 'import', bulk: 'bulk-operation' } as const

type Copy = { readonly table: string; readonly kind: keyof typeof copyKinds; readonly id: string }

export const copyArn = (place: Place, { table, kind, id }: Copy): string =>
  `${tableArn(place, table)}/${copyKinds[kind]}/${id}`

export const globalTableArn = ({ accountId }: Place, table: string): string =>
  `arn:aws:dynamodb::${accountId}:global-table/${table}`

const tableArnPattern = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([a-zA-Z0-9_.-]+)$/

/** A table of another account, which has no policy that lets this account in. */
export class ForeignTable extends ServiceError {
  readonly #accountId: string
  readonly arn: string

  constructor({ accountId }: Place, arn: string, action = 'GetItem') {
    super(
      'AccessDeniedException',
      `User: arn:aws:iam::${accountId}:root is not authorized to perform: dynamodb:${action} on resource: ${arn} ` +
        `because no resource-based policy allows the dynamodb:${action} action`,
    )
    this.#accountId = accountId
    this.arn = arn
  }

  /** The same refusal, of the action that the request needs. */
  of(action: string): ForeignTable {
    return new ForeignTable({ accountId: this.#accountId, region: '' }, this.arn, action)
  }
}

/** The table's name. Throws for an ARN of another account or region, and for one that is no table's, such as an index's or a stream's. */
function nameInArn(place: Place, arn: string): string {
  const [, region, accountId, name] = tableArnPattern.exec(arn) ?? []
  if (name === undefined) throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`)
  if (region !== place.region) throw validationError(`1 validation error detected: Invalid AWS region in '${arn}'`)
  if (accountId !== place.accountId) throw new ForeignTable(place, arn)
  return name
}

export const isArn = (nameOrArn: string): boolean => nameOrArn.startsWith('arn:')

/** What a request calls the table, as a plain name. Throws as `nameInArn`. */
export function tableNameOf(place: Place, nameOrArn: string): string {
  return isArn(nameOrArn) ? nameInArn(place, nameOrArn) : nameOrArn
}
