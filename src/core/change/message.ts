/**
 * Messages between regions, and to the caches beside them, as bytes. Every message starts with the same five bytes: magic, kind, format
 * version. A reader trusts nothing in it: anything odd is a RangeError, and a version that this node does not speak is an UnknownFormat, so that
 * a peer of another version is refused by name and never half-applied.
 *
 *   batch    changes of the origin's log (batch.ts), on the stream and as the answer to a request for a part of the log
 *   rows     a part of a snapshot (rows.ts)
 *   control  announcements, requests and their short answers as JSON (control.ts)
 *   invalidation  what changed in a part of the log, for caches (invalidation.ts)
 *
 *   format 1    magic · kind u8 · version u8 · body                         version 0.1.0, and what is said to caches
 *   format 2    magic · kind u8 · version u8 · salt u48 · body · tag        between regions: seal.ts makes the tag
 */
export const formatVersion = 2

/** The first format: without a tag. What is said to caches still has it. */
export const unsignedFormatVersion = 1

const messageKinds = { batch: 1, rows: 2, control: 3, invalidation: 4 } as const

export type MessageKind = keyof typeof messageKinds

const beginningSizeBytes = 5
const saltSizeBytes = 6
export const tagSizeBytes = 16

/** Before the body, and around it, in the format that this version writes between regions. */
export const headerSizeBytes = beginningSizeBytes + saltSizeBytes
export const frameSizeBytes = headerSizeBytes + tagSizeBytes

/** The same of a message to caches. */
export const cacheHeaderSizeBytes = beginningSizeBytes

/** A message of a format that this node does not speak. */
export class UnknownFormat extends RangeError {
  override readonly name = 'UnknownFormat'
  readonly version: number

  constructor(version: number) {
    super(`message format ${version} is not ${formatVersion}, the one that this region speaks`)
    this.version = version
  }
}

const magic = Buffer.from('LGT', 'latin1')

/** Leaves room for the salt, which is 0 until the message is sealed; the tag's place is the last bytes of `target`. */
export function writeHeader(target: Buffer, kind: Exclude<MessageKind, 'invalidation'>): number {
  writeBeginning(target, kind, formatVersion)
  target.fill(0, beginningSizeBytes, headerSizeBytes)
  target.fill(0, target.length - tagSizeBytes)
  return headerSizeBytes
}

/** A cache reads what its own region's server brings: see docs/design/cache.md. */
export function writeCacheHeader(target: Buffer): number {
  return writeBeginning(target, 'invalidation', unsignedFormatVersion)
}

function writeBeginning(target: Buffer, kind: MessageKind, version: number): number {
  magic.copy(target, 0)
  target[3] = messageKinds[kind]
  target[4] = version
  return beginningSizeBytes
}

/** The kind of a message; throws RangeError for what is none, and UnknownFormat for one of another version. */
export function kindOf(payload: Buffer): MessageKind {
  const version = versionOf(payload)
  const isSpoken = version === formatVersion || version === unsignedFormatVersion
  if (!isSpoken) throw new UnknownFormat(version)
  if (version === formatVersion && payload.length < frameSizeBytes) throw new RangeError('cut short')
  const kind = kindsByCode.get(payload[3] ?? 0)
  if (kind === undefined) throw new RangeError('a message of no known kind')
  if (kind === 'invalidation' && version !== unsignedFormatVersion) throw new UnknownFormat(version)
  return kind
}

const kindsByCode = new Map(Object.entries(messageKinds).map(([kind, code]) => [code as number, kind as MessageKind]))

/** Throws RangeError for what is no message. */
export function versionOf(payload: Buffer): number {
  if (payload.length < beginningSizeBytes || !startsWithMagic(payload)) throw new RangeError('not a message')
  return payload[4] ?? 0
}

function startsWithMagic(payload: Buffer): boolean {
  return payload[0] === magic[0] && payload[1] === magic[1] && payload[2] === magic[2]
}

export function expectKind(payload: Buffer, kind: MessageKind): void {
  const found = kindOf(payload)
  if (found !== kind) throw new RangeError(`a ${found} message in the place of a ${kind} message`)
}

/** The part that its kind's own file describes; a view. The message has passed `expectKind`. */
export function bodyOf(payload: Buffer): Buffer {
  if (payload[4] === unsignedFormatVersion) return payload.subarray(beginningSizeBytes)
  return payload.subarray(headerSizeBytes, payload.length - tagSizeBytes)
}

/** Makes a question unlike every other of its region. */
export function writeSalt(payload: Buffer, salt: number): void {
  payload.writeUIntBE(salt, beginningSizeBytes, saltSizeBytes)
}

/** As version 0.1.0 would have sent it: a copy. */
export function asUnsigned(payload: Buffer): Buffer {
  const body = bodyOf(payload)
  const target = Buffer.allocUnsafe(beginningSizeBytes + body.length)
  payload.copy(target, 0, 0, beginningSizeBytes)
  target[4] = unsignedFormatVersion
  body.copy(target, beginningSizeBytes)
  return target
}
