/**
 * An entry of an order that several regions share: commands, and what their author says of itself. It is sealed with the group's key,
 * so that those who only keep copies read nothing and can make none:
 *
 *   format u8 · region u16 · flags u8 · basis ms u48, counter u16 · place u48 · digest u32 · durable u48 · commands u16 × {u32 · bytes}
 */
import { Reader } from '../../core/change/reader.ts'
import type { ClockState } from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { quorumEntryCommandsMax } from '../../core/limits/quorum-limits.ts'
import { CommandWriter } from '../commands/codec/command-writer.ts'

export type EntryHead = {
  /** The author's number. */
  readonly region: number
  /** Conflicts with writes that it does not know are told. */
  readonly guards: boolean
  /** The clock, the last entry and the digest of what it had decided. */
  readonly basis: ClockState
  readonly place: number
  readonly digest: number
  /** The last entry whose decisions are durable there. */
  readonly durable: number
}

export type EntryBody = EntryHead & { readonly commands: readonly Buffer[] }

const formatVersion = 1
const guarding = 1

export function encodeEntryBody({ region, guards, basis, place, digest, durable, commands }: EntryBody): Buffer {
  const writer = new CommandWriter()
  writer
    .u8(formatVersion)
    .u16(region)
    .u8(guards ? guarding : 0)
  writer.u48(basis.wallMs).u16(basis.counter).u48(place).u32(digest).u48(durable).u16(commands.length)
  for (const command of commands) writer.long(command)
  return writer.bytes()
}

/** Undefined for bytes that are none. */
export function decodeEntryBody(bytes: Buffer): EntryBody | undefined {
  try {
    return readBody(new Reader(bytes))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readBody(reader: Reader): EntryBody {
  if (reader.u8() !== formatVersion) throw new RangeError('it is of another version')
  const [region, flags] = [reader.u16(), reader.u8()]
  const basis = { wallMs: reader.u48(), counter: reader.u16() }
  const head = { region, guards: (flags & guarding) !== 0, basis }
  const said = { place: reader.u48(), digest: reader.u32(), durable: reader.u48() }
  const count = reader.u16()
  if (count > quorumEntryCommandsMax) throw new RangeError('it has too many commands')
  const commands = Array.from({ length: count }, () => reader.bytes(reader.u32()))
  reader.end()
  return { ...head, ...said, commands }
}
