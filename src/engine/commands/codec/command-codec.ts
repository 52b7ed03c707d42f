/**
 * A command as bytes, for an order that places the commands of several processes, or keeps them:
 *
 *   format u8 · checksum u32 over what follows · kind u8 · what the kind has
 *
 * Texts and keys stand under a length u16, rows and JSON under a length u32. Every byte is checked as it is read, and
 * whatever is wrong is an UnreadableCommand: then nothing of it is decided.
 */
import type { BatchChange } from '../../../core/change/batch.ts'
import { checksum } from '../../../core/checksum.ts'
import { Reader } from '../../../core/change/reader.ts'
import type { KeyedRow } from '../../../core/change/rows.ts'
import { errorText } from '../../../core/error-text.ts'
import { isLocalRegister } from '../../../core/table/registers.ts'
import { isRegisterValue } from '../../../core/table/register-value.ts'
import { encodeWrite, readWrite, UnreadableCommand } from '../../../core/write/write-codec.ts'
import type { Write } from '../../../core/write/write.ts'
import type { Command } from '../command.ts'
import { countOf, flagOf, jsonOf, keyOf, listOf, longOf, maybeOf, proofOf } from './command-reader.ts'
import { CommandWriter } from './command-writer.ts'
import { readHousekeeping, writeHousekeeping } from './housekeeping-codec.ts'
import type { OwnCause, RegisterEdit, RemoteBatch } from '../command.ts'

/** A batch of writes has at most 25 items, and a step of a snapshot less. */
const commandSizeBytesMax = 32 * 1024 * 1024

const formatVersion = 1
const checkedFrom = 5

/** Their places are their codes in the bytes: append, never reorder. */
const kinds: readonly Command['kind'][] = [
  'commit',
  'each',
  'once',
  'apply',
  'merge',
  'registers',
  'mend',
  'define',
  'detach',
  'roll',
  'forget',
  'horizon',
  'drop',
  'forgetRegisters',
  'removeRegisters',
  'cursor',
  'clock',
  'followForgetting',
]
const causes: readonly OwnCause[] = ['client', 'ttl', 'restore', 'import']

export function encodeCommand(command: Command): Buffer {
  const writer = new CommandWriter()
  writer.u8(formatVersion).u32(0).u8(kinds.indexOf(command.kind))
  writeMembers(writer, command)
  const bytes = writer.bytes()
  bytes.writeUInt32BE(checksum(bytes, checkedFrom, bytes.length), 1)
  return bytes
}

export function decodeCommand(bytes: Buffer): Command {
  try {
    if (bytes.length > commandSizeBytesMax) throw new RangeError('it is too large')
    const reader = new Reader(bytes)
    if (reader.u8() !== formatVersion) throw new RangeError('it is of another version')
    if (reader.u32() !== checksum(bytes, checkedFrom, bytes.length)) throw new RangeError('its checksum is wrong')
    const command = readMembers(reader, kinds[reader.u8()])
    reader.end()
    return command
  } catch (error) {
    throw error instanceof RangeError ? new UnreadableCommand(`no command: ${errorText(error)}`) : error
  }
}

function writeMembers(writer: CommandWriter, command: Command): void {
  switch (command.kind) {
    case 'commit':
    case 'each':
      return writeWrites(writer.u8(causes.indexOf(command.cause)), command.writes)
    case 'once':
      return writeWrites(writer.text(command.token.name).text(command.token.digest), command.writes)
    case 'apply':
      return writeBatch(writer.u48(command.sequence), command.batch)
    case 'merge':
      return writeRows(writer.text(command.table).u8(command.restored ? 1 : 0), command.rows)
    case 'registers':
      return writeRows(writer.text(command.table), command.rows)
    case 'mend':
      writer.text(command.table).short(command.key).maybe(command.mending.found).maybe(command.mending.row)
      return
    case 'define':
      writer.text(command.table).long(Buffer.from(JSON.stringify(command.edits)))
      return
    case 'detach':
      writer.text(command.table).text(command.own)
      return
    case 'roll':
      writer.u48(command.stream)
      return
    case 'forget':
    case 'horizon':
    case 'drop':
    case 'forgetRegisters':
    case 'followForgetting':
    case 'removeRegisters':
    case 'cursor':
    case 'clock':
      return writeHousekeeping(writer, command)
    default:
      return command
  }
}

function readMembers(reader: Reader, kind: Command['kind'] | undefined): Command {
  switch (kind) {
    case 'commit':
    case 'each':
      return { kind, cause: causeOf(reader), writes: writesOf(reader) }
    case 'once':
      return { kind, token: { name: reader.text(), digest: reader.text() }, writes: writesOf(reader) }
    case 'apply':
      return { kind, sequence: reader.u48(), batch: batchOf(reader) }
    case 'merge':
      return { kind, table: reader.text(), restored: flagOf(reader), rows: rowsOf(reader) }
    case 'registers':
      return { kind, table: reader.text(), rows: rowsOf(reader) }
    case 'mend': {
      const table = reader.text()
      return { kind, table, key: keyOf(reader), mending: { found: maybeOf(reader), row: maybeOf(reader) } }
    }
    case 'define':
      return { kind, table: reader.text(), edits: editsOf(reader) }
    case 'detach':
      return { kind, table: reader.text(), own: reader.text() }
    case 'roll':
      return { kind, stream: reader.u48() }
    case 'forget':
    case 'horizon':
    case 'drop':
    case 'forgetRegisters':
    case 'followForgetting':
    case 'removeRegisters':
    case 'cursor':
    case 'clock':
      return readHousekeeping(reader, kind)
    case undefined:
    default:
      throw new RangeError('it is of no known kind')
  }
}

function writeWrites(writer: CommandWriter, writes: readonly Write[]): void {
  writer.u16(writes.length)
  for (const write of writes) writer.raw(encodeWrite(write))
}

function writesOf(reader: Reader): readonly Write[] {
  const writes = Array.from({ length: countOf(reader, reader.u16()) }, () => readWrite(reader))
  const named = new Set(writes.map(({ table, key }) => `${table} ${key.toString('latin1')}`))
  if (named.size < writes.length) throw new RangeError('it has two writes of one item')
  return writes
}

function writeRows(writer: CommandWriter, rows: readonly KeyedRow[]): void {
  writer.u32(rows.length)
  for (const { key, row } of rows) writer.short(key).long(row)
}

function rowsOf(reader: Reader): readonly KeyedRow[] {
  return listOf(reader, () => ({ key: keyOf(reader), row: longOf(reader) }))
}

function writeBatch(writer: CommandWriter, { origin, epoch, after, upTo, proof, changes }: RemoteBatch): void {
  writer.text(origin).text(epoch).u48(after).u48(upTo)
  writer.proof(proof).u32(changes.length)
  for (const { position, group, kind, table, ownNumber, key, row } of changes)
    writer
      .u48(position)
      .u48(group)
      .u8(kind === 'item' ? 0 : 1)
      .text(table)
      .u48(ownNumber)
      .short(key)
      .long(row)
}

function batchOf(reader: Reader): RemoteBatch {
  const head = { origin: reader.text(), epoch: reader.text(), after: reader.u48(), upTo: reader.u48() }
  const proof = proofOf(reader)
  return { ...head, changes: listOf(reader, changeOf), ...proof }
}

function changeOf(reader: Reader): BatchChange {
  const at = { position: reader.u48(), group: reader.u48(), kind: flagOf(reader) ? 'register' : 'item' } as const
  return { ...at, table: reader.text(), ownNumber: reader.u48(), key: keyOf(reader), row: longOf(reader) }
}

/** Removals have no value. */
function editsOf(reader: Reader): readonly RegisterEdit[] {
  const edits = jsonOf(reader, 'its registers')
  if (!Array.isArray(edits)) throw new RangeError('its registers are no list')
  return edits.map(editOf)
}

function editOf(edit: unknown): RegisterEdit {
  const { register, value, number } = (edit ?? {}) as Partial<RegisterEdit>
  if (typeof register !== 'string' || register === '' || register.includes('\u0000'))
    throw new RangeError('a register without a name')
  if (!isLocalRegister(register) && !isRegisterValue(register, value)) throw new RangeError(`no value of ${register}`)
  if (number === undefined) return { register, value }
  if (!Number.isInteger(number)) throw new RangeError('the number of an index is none')
  return { register, value, number }
}

function causeOf(reader: Reader): OwnCause {
  const cause = causes[reader.u8()]
  if (cause === undefined) throw new RangeError('it is of no known cause')
  return cause
}
