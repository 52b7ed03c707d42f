/**
 * What regions say to each other, and to the caches beside them, as bytes. Every message starts with the same five bytes: magic, kind, format version.
 * Whoever reads one trusts nothing in it: anything odd is a RangeError, and a version that this node does not speak is
 * an UnknownFormat, so that a peer of another version is refused by name and never half-applied.
 *
 *   batch    changes of the origin's log (batch.ts), on the stream and as the answer to a request for a part of the log
 *   rows     a part of a snapshot (rows.ts)
 *   control  announcements, requests and their short answers as JSON (control.ts)
 *   invalidation  what changed in a part of the log, for caches (invalidation.ts)
 */
export const formatVersion = 1

const messageKinds = { batch: 1, rows: 2, control: 3, invalidation: 4 } as const

export type MessageKind = keyof typeof messageKinds

export const headerSizeBytes = 5

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

export function writeHeader(target: Buffer, kind: MessageKind): number {
  magic.copy(target, 0)
  target[3] = messageKinds[kind]
  target[4] = formatVersion
  return headerSizeBytes
}

/** The kind of a message; throws RangeError for what is none, and UnknownFormat for one of another version. */
export function kindOf(payload: Buffer): MessageKind {
  if (payload.length < headerSizeBytes || !startsWithMagic(payload)) throw new RangeError('not a message')
  const version = payload[4] ?? 0
  if (version !== formatVersion) throw new UnknownFormat(version)
  const kind = kindsByCode.get(payload[3] ?? 0)
  if (kind === undefined) throw new RangeError('a message of no known kind')
  return kind
}

const kindsByCode = new Map(Object.entries(messageKinds).map(([kind, code]) => [code as number, kind as MessageKind]))

function startsWithMagic(payload: Buffer): boolean {
  return payload[0] === magic[0] && payload[1] === magic[1] && payload[2] === magic[2]
}

export function expectKind(payload: Buffer, kind: MessageKind): void {
  const found = kindOf(payload)
  if (found !== kind) throw new RangeError(`a ${found} message in the place of a ${kind} message`)
}
