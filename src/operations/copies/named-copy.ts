/** Exports and imports by their ARNs, and what all of their operations have in common. */
import {
  type BulkJob,
  bulksUnderWay,
  type CopyJob,
  type ExportJob,
  exportsUnderWay,
  type ImportJob,
  importsUnderWay,
  isUnderWay,
} from '../../core/copies/copy-job.ts'
import {
  bulksMax,
  copiesKeptMs,
  copiesMax,
  copyTokenMs,
  exportsMax,
  importsMax,
} from '../../core/limits/copy-limits.ts'
import { backupId } from '../../core/archive/backup.ts'
import { ServiceError } from '../../core/errors.ts'
import { copyArn } from '../arns.ts'
import type { OperationContext } from '../operation.ts'

type Kinds = { readonly export: ExportJob; readonly import: ImportJob; readonly bulk: BulkJob }
export type Kind = keyof Kinds

const arnPattern =
  /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([a-zA-Z0-9_.-]+)\/(export|import|bulk-operation)\/(\d{14}-[0-9a-f]{8})$/

export const tableNameOfCopy = (copy: CopyJob): string => (copy.kind === 'export' ? copy.table.name : copy.name)

export const arnOfCopy = (copy: CopyJob, { settings }: Pick<OperationContext, 'settings'>): string =>
  copyArn(settings, { table: tableNameOfCopy(copy), kind: copy.kind, id: copy.id })

const kindsInArns: ReadonlyMap<string, Kind> = new Map([
  ['export', 'export'],
  ['import', 'import'],
  ['bulk-operation', 'bulk'],
])
const notFound = {
  export: 'ExportNotFoundException',
  import: 'ImportNotFoundException',
  bulk: 'ResourceNotFoundException',
} as const
const titles = { export: 'Export', import: 'Import', bulk: 'Bulk operation' } as const

export function copyNamed<One extends Kind>(kind: One, arn: string, context: OperationContext): Kinds[One] {
  const [, region, accountId, table, named, id = ''] = arnPattern.exec(arn) ?? []
  const { settings, engine } = context
  const copy = engine.archive.copy(id)
  const isKind = copy?.kind === kind && kindsInArns.get(named ?? '') === kind
  const isThat = isKind && tableNameOfCopy(copy) === table && region === settings.region
  if (!isThat || accountId !== settings.accountId || !isListed(copy, context))
    throw new ServiceError(notFound[kind], `${titles[kind]} not found: ${arn}`)
  return copy as Kinds[One]
}

/** What policies are asked about. */
export const tableArnOfBulk = (arn = ''): string => arn.split('/bulk-operation/', 1).join('')

/** Those that have ended are remembered for so long. */
const isListed = (copy: CopyJob, { env }: OperationContext): boolean =>
  isUnderWay(copy) || (copy.endedMs ?? 0) > env.clock.wallMs() - copiesKeptMs

export function copiesOf<One extends Kind>(kind: One, context: OperationContext): readonly Kinds[One][] {
  return context.engine.archive
    .copies()
    .filter((copy) => copy.kind === kind && isListed(copy, context)) as readonly CopyJob[] as readonly Kinds[One][]
}

/** A request of that token that is remembered. */
export function copyWithToken<One extends Kind>(
  kind: One,
  token: string | undefined,
  context: OperationContext,
): Kinds[One] | undefined {
  if (token === undefined) return undefined
  const sinceMs = context.env.clock.wallMs() - copyTokenMs
  return copiesOf(kind, context).findLast(
    (copy) => copy.token === token && (isUnderWay(copy) || (copy.endedMs ?? 0) > sinceMs),
  )
}

/** Throws where too many are under way; makes room for one more by forgetting those that are no longer listed. */
export async function makeRoom(kind: Kind, context: OperationContext): Promise<void> {
  const { archive } = context.engine
  const all = archive.copies()
  const underWay = { export: exportsUnderWay, import: importsUnderWay, bulk: bulksUnderWay }[kind](all).length
  const max = { export: exportsMax, import: importsMax, bulk: bulksMax }[kind]
  if (underWay >= max)
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: Only ${max} ${kind} operations can be done simultaneously`,
    )
  for (const copy of all) if (!isListed(copy, context)) await archive.removeCopy(copy.id)
  if (archive.copies().length >= copiesMax)
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: There is a limit of ${copiesMax} exports and imports in ${copiesKeptMs / 86_400_000} days`,
    )
}

export function newCopyId({ engine, env }: OperationContext): { readonly id: string; readonly startedMs: number } {
  const startedMs = env.clock.wallMs()
  for (;;) {
    const id = backupId(startedMs, env.random.bytes(4).toString('hex'))
    if (engine.archive.copy(id) === undefined) return { id, startedMs }
  }
}
