/** The members of housekeeping commands as bytes, behind the head that all commands have (command-codec.ts). */
import type { Cursor } from '../../../core/change/place.ts'
import type { Reader } from '../../../core/change/reader.ts'
import { readStamp, type Stamp, stampSizeBytes, writeStamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { Deleted, Notes } from '../command.ts'
import { flagOf, jsonOf, keyOf, listOf, proofOf } from './command-reader.ts'
import type { CommandWriter } from './command-writer.ts'
import type { Housekeeping } from '../housekeeping.ts'

export function writeHousekeeping(writer: CommandWriter, command: Housekeeping): void {
  if ('table' in command) writer.text(command.table)
  switch (command.kind) {
    case 'forget':
      writer.raw(stamp(command.upTo)).u32(command.deletes.length)
      for (const deleted of command.deletes) writer.raw(stamp(deleted.stamp)).short(deleted.key)
      return
    case 'horizon':
      writer.raw(stamp(command.upTo))
      return
    case 'drop':
      writer.u32(command.keys.length)
      for (const key of command.keys) writer.short(key)
      return
    case 'forgetRegisters':
      writer.raw(stamp(command.horizon.upTo)).u32(command.horizon.left.length)
      for (const region of command.horizon.left) writer.text(region)
      return
    case 'followForgetting':
      writer.raw(stamp(command.forgotten.upTo)).u32(command.forgotten.has.length)
      for (const name of command.forgotten.has) writer.text(name)
      return
    case 'removeRegisters':
      return
    case 'cursor':
      return writeCursor(writer.text(command.origin), command.cursor, command.notes)
    case 'clock':
      writer.u48(command.seen.wallMs).u16(command.seen.counter)
      return
    default:
      return command
  }
}

function writeCursor(writer: CommandWriter, { epoch, position, sequence, proof }: Cursor, notes: Notes): void {
  writer.text(epoch).u48(position).u48(sequence).proof(proof).u32(notes.length)
  for (const [name, value] of notes)
    writer.text(name).maybe(value === undefined ? undefined : Buffer.from(JSON.stringify(value)))
}

export function readHousekeeping(reader: Reader, kind: Housekeeping['kind']): Housekeeping {
  switch (kind) {
    case 'forget':
      return { kind, table: reader.text(), upTo: stampOf(reader), deletes: listOf(reader, deletedOf) }
    case 'horizon':
      return { kind, table: reader.text(), upTo: stampOf(reader) }
    case 'drop':
      return { kind, table: reader.text(), keys: listOf(reader, keyOf) }
    case 'forgetRegisters': {
      const table = reader.text()
      return { kind, table, horizon: { upTo: stampOf(reader), left: listOf(reader, (each) => each.text()) } }
    }
    case 'followForgetting': {
      const table = reader.text()
      return { kind, table, forgotten: { upTo: stampOf(reader), has: listOf(reader, (each) => each.text()) } }
    }
    case 'removeRegisters':
      return { kind, table: reader.text() }
    case 'cursor':
      return { kind, origin: reader.text(), cursor: cursorOf(reader), notes: listOf(reader, noteOf) }
    case 'clock':
      return { kind, seen: { wallMs: reader.u48(), counter: reader.u16() } }
    default:
      throw new RangeError('it is of no known kind')
  }
}

function cursorOf(reader: Reader): Cursor {
  const place = { epoch: reader.text(), position: reader.u48(), sequence: reader.u48() }
  return { ...place, ...proofOf(reader) }
}

function noteOf(reader: Reader): Notes[number] {
  const name = reader.text()
  if (name === '') throw new RangeError('a note without a name')
  return [name, flagOf(reader) ? jsonOf(reader, 'its notes') : undefined]
}

const deletedOf = (reader: Reader): Deleted => ({ stamp: stampOf(reader), key: keyOf(reader) })

function stampOf(reader: Reader): Stamp {
  return readStamp(reader.bytes(stampSizeBytes), 0)
}

function stamp(given: Stamp): Buffer {
  const bytes = Buffer.alloc(stampSizeBytes)
  writeStamp(bytes, 0, given)
  return bytes
}
