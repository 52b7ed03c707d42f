/**
 * Which changes AWS takes of a table while something is under way, as one table. What is under way shows in the state of the table, of its
 * indexes and of its replicas; a change that no cell names is admitted. Measured on AWS in October 2026; `guessed` marks words that were not seen.
 */
import { ServiceError } from '../../core/errors.ts'
import { ownLabel } from '../../core/table/table-identity.ts'
import type { Table } from '../../core/table/table.ts'
import type { Wait } from '../../core/table/waits.ts'
import type { OperationContext } from '../operation.ts'
import { stillInUse } from '../checks/table-exists.ts'
import { lasts, tagsUnderWay } from './cool-downs.ts'

/** What a request asks for. `deletion`: of the table. An update of an index is looked at with the index (index-updates.ts). */
export const changeKinds = [
  'throughput',
  'billing mode',
  'on-demand maximum',
  'warm throughput',
  'stream',
  'encryption',
  'class',
  'protection',
  'index creation',
  'index deletion',
  'index update',
  'replica',
  'deletion',
] as const
export type ChangeKind = (typeof changeKinds)[number]

/** What may be under way, in the order in which AWS was seen to look at it. */
export const occupations = [
  'creation',
  'deletion',
  'replica',
  'index allocation',
  'index filling',
  'index update',
  'index deletion',
  'throughput',
  'billing mode',
  'stream',
  'class',
  'encryption',
  'warm throughput',
  'tags',
] as const
export type Occupation = (typeof occupations)[number]

type Cell = {
  readonly during: readonly Occupation[]
  readonly refuses: readonly ChangeKind[]
  /** After "Attempt to change a resource which is still in use: ", unless it is the text of another error. */
  readonly says: string
  readonly code?: 'InternalServerError'
  readonly guessed?: true
}

const iops = ['throughput', 'billing mode'] as const
const indexes = ['index creation', 'index deletion'] as const
const streamTail = 'Table: {table} Stream: {stream} Operation: {operation}'
const classTail = 'Table: {table} TableClassUpdateInProgress: {class}'
const indexTail = 'Table: {table} Indexes: [{indexes}]'
const maximum = 'OnDemandThroughput cannot be updated while'

const cells: readonly Cell[] = [
  { during: ['creation'], refuses: changeKinds, says: 'Table is being created: {table}' },
  { during: ['deletion'], refuses: changeKinds, says: 'Table is being deleted: {table}' },
  // Only a member of a global table has it, and that says no more than that it is in use.
  { during: ['replica'], refuses: changeKinds, says: 'Table: {table} is being used.' },

  { during: iops, refuses: iops, says: 'Table IOPS are currently being updated. Table: {table}' },
  {
    during: iops,
    refuses: ['stream'],
    says: "Can't enable or disable stream while table IOPS are being updated. Table: {table}",
  },
  {
    during: iops,
    refuses: indexes,
    says: "Can't create or delete indexes while table IOPS are being updated. Table: {table}",
  },
  {
    during: iops,
    refuses: ['class'],
    says: "Can't update table class while table IOPS are being updated. Table: {table}",
    guessed: true,
  },
  { during: iops, refuses: ['on-demand maximum'], says: `${maximum} BillingMode update is in progress` },

  {
    during: ['stream'],
    refuses: iops,
    says: `Can't change table IOPS when stream status is being updated. ${streamTail}`,
  },
  { during: ['stream'], refuses: ['stream'], says: `A stream status change is currently in progress. ${streamTail}` },
  {
    during: ['stream'],
    refuses: ['class'],
    says: `Can't update table class when stream status is being updated. ${streamTail}`,
  },
  { during: ['stream'], refuses: ['on-demand maximum'], says: `${maximum} stream status update is in progress` },
  {
    during: ['stream'],
    refuses: indexes,
    says: `Can't create or delete an index when stream status is being updated. ${streamTail}`,
  },
  { during: ['stream'], refuses: ['deletion'], says: 'Cannot delete table while stream is being enabled/disabled.' },

  {
    during: ['class'],
    refuses: ['class'],
    says: `Can't update table class when a table class update is in progress. ${classTail}`,
  },
  {
    during: ['class'],
    refuses: ['stream'],
    says: `Can't change stream status when a table class update is in progress. ${classTail}`,
  },
  {
    during: ['class'],
    refuses: ['on-demand maximum'],
    says: `${maximum} TableClass update is in progress. TableClassUpdateInProgress: {class}`,
  },
  {
    during: ['class'],
    refuses: indexes,
    says: `Can't create or delete an index when a table class update is in progress. ${classTail}`,
  },
  {
    during: ['class'],
    refuses: iops,
    says: `Can't change table IOPS when a table class update is in progress. ${classTail}`,
    guessed: true,
  },

  {
    during: ['index allocation'],
    refuses: iops,
    says: `Can't change table IOPS when an index is being created. ${indexTail}`,
  },
  {
    during: ['index allocation'],
    refuses: ['stream'],
    says: `Can't change stream status when an index is being created. ${indexTail}`,
  },
  {
    during: ['index allocation'],
    refuses: ['on-demand maximum'],
    says: `${maximum} index creation is in progress for indexes: [{indexes}]`,
  },
  {
    during: ['index allocation'],
    refuses: ['warm throughput'],
    says: 'Table is under system maintenance, please try again later',
    code: 'InternalServerError',
  },
  {
    during: ['index deletion'],
    refuses: iops,
    says: `Can't change table IOPS when an index is being deleted. ${indexTail}`,
  },
  {
    during: ['index deletion'],
    refuses: ['stream'],
    says: `Can't change stream status when an index is being deleted. ${indexTail}`,
    guessed: true,
  },
  {
    during: ['index deletion'],
    refuses: ['on-demand maximum'],
    says: `${maximum} index deletion is in progress for indexes: [{indexes}]`,
  },
  {
    during: ['index allocation', 'index filling', 'index update', 'index deletion'],
    refuses: ['deletion'],
    says: 'Cannot delete table while indexes are being created, updated, or deleted.',
  },

  { during: ['encryption'], refuses: ['encryption'], says: 'Server-Side Encryption is still being updated' },
  {
    during: [...iops, 'class', 'encryption', 'warm throughput'],
    refuses: ['deletion'],
    says: 'Table: {table} is in the process of being updated.',
  },
  {
    during: [...iops, 'stream', 'class', 'index allocation', 'index deletion'],
    refuses: ['replica'],
    says: 'Table: {table} is in the process of being updated.',
    guessed: true,
  },
  { during: ['tags'], refuses: ['deletion'], says: 'Table tags are being updated: {table}' },
]

/** An operator may give up a replica whose region is lost, which keeps the table UPDATING: then only creation and deletion of the table refuse. */
type Admission = { readonly table: Table; readonly context: OperationContext; readonly byForce?: boolean }

/** Throws a ServiceError when one of the changes is not taken now. */
export function assertAdmitted(changes: readonly ChangeKind[], { table, context, byForce = false }: Admission): void {
  const now = occupationsOf(table, context).filter((each) => !byForce || each === 'creation' || each === 'deletion')
  for (const occupation of now) {
    const cell = cells.find(
      ({ during, refuses }) => during.includes(occupation) && changes.some((change) => refuses.includes(change)),
    )
    if (cell !== undefined) throw refusal(cell, occupation, table)
  }
}

function refusal({ says, code }: Cell, occupation: Occupation, table: Table): ServiceError {
  if (code !== undefined) return new ServiceError(code, says)
  return stillInUse(
    table,
    says.replace(/\{(\w+)\}/g, (_, name: string) => detail(name, occupation, table)),
  )
}

function detail(
  name: string,
  occupation: Occupation,
  { name: table, settings, indexes: all, identity }: Table,
): string {
  const status = occupation === 'index deletion' ? 'DELETING' : 'CREATING'
  const details: Readonly<Record<string, string>> = {
    table,
    stream: ownLabel(settings.stream?.label ?? '', identity),
    operation: settings.stream?.enabled === true ? 'ENABLE' : 'DISABLE',
    class: settings.tableClass ?? 'STANDARD',
    indexes: all.flatMap((index) => (index.status === status ? [index.name] : [])).join(', '),
  }
  return details[name] ?? ''
}

const ofWait: Readonly<Partial<Record<Wait, Occupation>>> = {
  'throughput change': 'throughput',
  'switch to provisioned': 'billing mode',
  'switch to on-demand': 'billing mode',
  'first switch to on-demand': 'billing mode',
  'stream change': 'stream',
  'class change': 'class',
  'replica creation': 'replica',
  'replica removal': 'replica',
  'replica change': 'replica',
  'strong creation': 'replica',
  'strong creation with witness': 'replica',
  'strong dissolution': 'replica',
  'strong protection change': 'replica',
}

function occupationsOf(table: Table, context: OperationContext): readonly Occupation[] {
  const found = new Set<Occupation | undefined>()
  if (table.status === 'CREATING') found.add('creation')
  if (table.status === 'DELETING') found.add('deletion')
  // What has lasted long enough is over, also while the caretaker has yet to note it.
  const { underWay } = table
  if (table.status === 'UPDATING' && underWay !== undefined && lasts(underWay.wait, underWay.beganMs, context))
    found.add(ofWait[underWay.wait])
  if (table.replicas.some(({ status, keepsTable }) => status === 'CREATING' || status === 'DELETING' || keepsTable))
    found.add('replica')
  for (const { status, backfilling } of table.indexes) {
    if (status === 'CREATING') found.add(backfilling ? 'index filling' : 'index allocation')
    if (status === 'UPDATING') found.add('index update')
    if (status === 'DELETING') found.add('index deletion')
  }
  if (lasts('encryption change', table.settings.changes?.encryption?.at(-1), context)) found.add('encryption')
  if (lasts('warm throughput increase', table.settings.changes?.warm, context)) found.add('warm throughput')
  if (tagsUnderWay(table, context) !== undefined) found.add('tags')
  return occupations.filter((each) => found.has(each))
}
