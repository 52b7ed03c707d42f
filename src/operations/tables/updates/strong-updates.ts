/**
 * UpdateTable of global tables with strong consistency between regions: they are made in one request, they keep their members, and they end in one
 * request. The texts are AWS's, as it answered in October 2026; those that were not seen are marked.
 */
import type { GlobalTableWitnessGroupUpdate, ReplicationGroupUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../../core/errors.ts'
import { isFed, type StrongGroup, type Table } from '../../../core/table/table.ts'
import type { OperationContext } from '../../operation.ts'
import type { Wire } from '../../sdk-shape.ts'

type Input = Wire<UpdateTableInput>
type Update = Wire<ReplicationGroupUpdate>
type WitnessUpdate = Wire<GlobalTableWitnessGroupUpdate>

const strong = 'global tables with MultiRegionConsistency set to STRONG'

/** Exactly so many regions, a witness among them or none. */
const membersCount = 3

/** Whether a request makes or ends a table of this kind, or says that it makes none. */
export const isOfConsistency = (input: Input): boolean =>
  input.MultiRegionConsistency !== undefined || witnessesOf(input).length > 0

export const isBirth = ({ MultiRegionConsistency: mode }: Input): boolean => mode === 'STRONG'

/** Several replicas go, as they only do together with the table's consistency. */
export function isDissolution({ ReplicaUpdates: updates = [], ...rest }: Input): boolean {
  const deletes = updates.filter(({ Delete }) => Delete !== undefined)
  return deletes.length > 0 && deletes.length === updates.length && (deletes.length > 1 || witnessesOf(rest).length > 0)
}

const witnessesOf = ({ GlobalTableWitnessUpdates: updates = [] }: Input): readonly WitnessUpdate[] => updates

const created = (updates: readonly Update[]): readonly string[] =>
  updates.flatMap(({ Create }) => Create?.RegionName ?? [])

const deleted = (updates: readonly Update[]): readonly string[] =>
  updates.flatMap(({ Delete }) => Delete?.RegionName ?? [])

/** What the request alone tells. */
export function checkConsistencyUpdates(input: Input, { settings }: OperationContext): void {
  const { MultiRegionConsistency: mode, ReplicaUpdates: updates = [] } = input
  const [witness] = witnessesOf(input)
  if (witness !== undefined && (witness.Create === undefined) === (witness.Delete === undefined))
    // Not seen.
    throw validationError(
      'One or more parameter values were invalid: One of GlobalTableWitnessGroupUpdate.Create, GlobalTableWitnessGroupUpdate.Delete must not be null',
    )
  if (mode !== undefined && (updates.some(({ Create }) => Create === undefined) || witness?.Delete !== undefined))
    throw validationError(
      'Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.',
    )
  if (witness?.Create !== undefined && mode !== 'STRONG')
    throw validationError(
      'MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.',
    )
  if (mode === 'STRONG') checkMembers(created(updates), witness?.Create?.RegionName, settings)
}

function checkMembers(
  replicas: readonly string[],
  witness: string | undefined,
  { region, regions }: OperationContext['settings'],
): void {
  if (witness === region)
    throw validationError(
      'Cannot add a witness in the same region as an existing replica when creating a global table with MultiRegionConsistency set to STRONG.',
    )
  if (witness !== undefined && replicas.includes(witness))
    throw validationError('Cannot target multiple regions with the same action')
  const all = witness === undefined ? replicas : [...replicas, witness]
  const unknown = all.filter((each) => !regions.includes(each))
  if (unknown.length > 0)
    throw validationError(`Unsupported Region(s) specified for ${strong}: [${unknown.join(', ')}].`)
  if (new Set(all).size !== membersCount - 1) throw validationError(`Unsupported replica count for ${strong}.`)
}

/** What the table as it is has against the request. */
export function assertConsistencyMayChange(table: Table, input: Input, context: OperationContext): void {
  const { MultiRegionConsistency: mode, ReplicaUpdates: updates = [] } = input
  if (mode !== undefined && table.replicas.length > 0)
    throw validationError('MultiRegionConsistency parameter is unsupported on existing global table')
  assertWitnessesKnown(table, witnessesOf(input))
  if (table.strong === undefined) {
    if (isDissolution(input)) throw severalAtOnce()
    if (mode === 'STRONG') assertMayBecomeStrong(table, context)
    return
  }
  if (updates.some(({ Create }) => Create !== undefined))
    throw validationError('Cannot add replicas to a global table with strong MultiRegionConsistency')
  if (updates.some(({ Disassociate }) => Disassociate !== undefined))
    // Not seen; only global tables with eventual consistency know it (API reference, UpdateTable).
    throw validationError(`Disassociate is not supported for ${strong}.`)
  if (updates.some(({ Delete }) => Delete !== undefined)) {
    assertAllGo(table.strong, input, context)
    assertNotFed(table, 'is no more one of')
  }
}

export const severalAtOnce = () =>
  validationError('Update table operation with more than one create or delete replica actions not allowed')

function assertWitnessesKnown({ strong: group }: Table, updates: readonly WitnessUpdate[]): void {
  const unknown = updates.flatMap(({ Delete }) => Delete?.RegionName ?? []).filter((each) => each !== group?.witness)
  if (unknown.length > 0)
    throw validationError(
      `Update global table operation failed because one or more witnesses were not part of the global table. Please retry the request without these witnesses: [${unknown.join(', ')}].`,
    )
}

/** The words of these refusals were not seen; that AWS refuses such tables is in its developer guide. */
function assertMayBecomeStrong(table: Table, { engine, keys }: OperationContext): void {
  // Longitude's own: the group's store knows no keys of tables.
  if (keys !== undefined && table.settings.encryption !== undefined)
    throw validationError(`A key of the table is not supported by this version of Longitude for ${strong}.`)
  assertNotFed(table, 'becomes one of')
  if (engine.size(table).items > 0) throw validationError(`Table must be empty to be one of ${strong}.`)
  if (table.indexes.some(({ kind }) => kind === 'local'))
    throw validationError(`Local secondary indexes are not supported for ${strong}.`)
  if (table.settings.timeToLive?.enabled === true) throw noTimeToLive()
}

/** What it has not delivered would be lost with the store that the table leaves. */
function assertNotFed({ kinesis }: Table, what: string): void {
  if (isFed(kinesis))
    throw validationError(
      `A Kinesis destination is not supported by this version of Longitude while a table ${what} ${strong}. Turn it off first.`,
    )
}

/** "Delete of all replicas and the witness in one call": nothing less is taken. */
function assertAllGo(group: StrongGroup, input: Input, { settings }: OperationContext): void {
  const going = new Set(deleted(input.ReplicaUpdates ?? []))
  const others = group.replicas.filter((each) => each !== settings.region)
  if (others.some((each) => !going.has(each))) throw onlyOneReplica()
  const witness = witnessesOf(input)[0]?.Delete?.RegionName
  if (group.witness !== witness) throw validationError('Update table delete operation does not include all witnesses.')
}

export const onlyOneReplica = () =>
  validationError(`Deletion of only one table replica is not supported for ${strong}.`)

/** Not seen. */
export const noTimeToLive = () => validationError(`Time to Live is not supported for ${strong}.`)

/** Not seen. */
export function assertNoneStrong(tables: Iterable<Table>): void {
  for (const table of tables)
    if (table.strong !== undefined) throw validationError(`Transactions are not supported for ${strong}.`)
}

/** Throws for what AWS does with such tables, and Longitude does not yet. */
export function assertNotStrong({ strong: group }: Table, what: string): void {
  if (group !== undefined) throw validationError(`${what} is not supported by this version of Longitude for ${strong}.`)
}

/** The group that a request makes, with the table's region as the first. */
export function groupOf(input: Input, { settings, env }: OperationContext): StrongGroup {
  const replicas = [settings.region, ...created(input.ReplicaUpdates ?? [])].toSorted()
  const witness = witnessesOf(input)[0]?.Create?.RegionName
  return {
    name: groupName(replicas, witness),
    replicas,
    ...(witness === undefined ? {} : { witness }),
    table: env.random.uuid(),
    by: settings.region,
  }
}

/** Tables with the same members share a group. */
const groupName = (replicas: readonly string[], witness: string | undefined): string =>
  [...replicas, ...(witness === undefined ? [] : ['w', witness])].join('_')
