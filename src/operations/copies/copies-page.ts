/** Pages of exports and imports. A token is the last one's id, as many hexadecimal digits as the service model asks for. */
import type { CopyJob } from '../../core/copies/copy-job.ts'
import { listedCopiesMax } from '../../core/limits/copy-limits.ts'
import { validationError } from '../../core/errors.ts'

const tokenBytes = 56
const idPattern = /^\d{14}-[0-9a-f]{8}$/

const tokenOf = (id: string): string =>
  Buffer.concat([Buffer.from(id), Buffer.alloc(tokenBytes)]).toString('hex', 0, tokenBytes)

function idIn(token: string): string {
  const id = Buffer.from(token, 'hex').toString('latin1').replace(/\0+$/, '')
  if (!idPattern.test(id)) throw validationError('Invalid NextToken')
  return id
}

type Asked = {
  readonly NextToken?: string | undefined
  readonly limit?: number | undefined
  readonly isLatestFirst?: boolean
}

export function copiesPage<Copy extends CopyJob>(
  all: readonly Copy[],
  { NextToken, limit = listedCopiesMax, isLatestFirst = false }: Asked,
): { readonly page: readonly Copy[]; readonly next: { readonly NextToken?: string } } {
  const after = NextToken === undefined ? undefined : idIn(NextToken)
  const rest = all.filter(({ id }) => after === undefined || (isLatestFirst ? id < after : id > after))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return { page, next: last === undefined || rest.length === page.length ? {} : { NextToken: tokenOf(last.id) } }
}
