/** Answers what peers ask of this region: parts of its log, its place in others' logs, and snapshots of its tables. */
import { unreachable } from '../../../core/assert.ts'
import type { Position } from '../../../core/change/change.ts'
import {
  type Announcement,
  type Answer,
  type Confirmation,
  decodeRequest,
  encodeControl,
  type Request,
  type SharedTable,
} from '../../../core/change/control.ts'
import type { ConfirmedPlace, ToldPlace } from '../../../core/change/place.ts'
import { UnknownFormat } from '../../../core/change/message.ts'
import { NotAuthentic } from '../../../core/change/seal.ts'
import type { ClockState } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import { encodeRows, type Rows } from '../../../core/change/rows.ts'
import {
  sharedTablesAtOnceMax,
  snapshotRowsMax,
  snapshotTargetBytes,
  statusTablesAtOnceMax,
} from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Turns } from '../../../core/turns.ts'
import { peersOf, type Topology } from '../../../core/topology.ts'
import type { Answerer } from '../../../ports/bus.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Engine } from '../../../engine/engine.ts'
import { absences, notNoted } from '../notes/pending-merges.ts'
import { digestForPeer } from '../compare/range-digests.ts'
import { emptyBatch, encodePart } from '../send/own-changes.ts'
import type { Standing } from '../prove/claims.ts'
import type { RowSeries, SeriesQuestion } from './row-series.ts'
import type { Asides } from '../talk/asides.ts'
import type { Seals } from '../talk/seals.ts'
import type { PeerErrors } from '../talk/peer-errors.ts'

/** Parts of the log looked through for one answer: foreign changes in between must not make it empty for ever. */
const partsMax = 4

export type Answers = {
  readonly engine: Engine
  readonly topology: Topology
  readonly announcement: () => Announcement
  readonly onPulse: () => void
  readonly onConfirmed: (confirmation: Confirmation) => void
  /** Of a cursor on the peer: up to where nothing is missing, also of tables that are paused. */
  readonly reach: (peer: string, cursor: Position) => Position
  /** Whether the own log may have led to the place that a peer says it stands at. */
  readonly standing: (peer: string, place: ToldPlace) => Standing
  /** The furthest place in the own log that a peer has confirmed; undefined where its log is not known. */
  readonly confirmedBy: (peer: string) => ConfirmedPlace | undefined
  /** Processes of the peer that speak while an earlier one of it does, too. */
  readonly twice: (peer: string) => readonly string[]
  /** Regions that have left, of which something is still being applied. */
  readonly leaving: () => Iterable<string>
  /** False while this store may be an older copy, of which peers have not been asked yet: what it has may be deleted and forgotten. */
  readonly mayTell: () => boolean
  readonly asides?: Asides
  /** Whether this region has all of a table's items. */
  readonly isComplete: (table: TableId) => boolean
  /** Whether its replica is being made, and nothing that is in it already is in doubt. */
  readonly isFilling: (table: TableId) => boolean
  /** Undefined for a region that answers like an earlier version: one question after the other. */
  readonly series?: RowSeries
}

type Desk = {
  readonly clock: Pick<Clock, 'sleep'>
  readonly seals: Seals
  readonly goesOn: () => boolean
  /** Where it is noted that a question is not that region's. */
  readonly peerErrorsOf: (asker: string) => PeerErrors | undefined
}

/** Checks who asks before anything of the question is read, and signs the answer for this question alone. */
export function answererOf(deps: Answers, { clock, seals, goesOn, peerErrorsOf }: Desk): Answerer {
  const refused = (payload: Buffer, asker: string): Buffer | undefined => {
    try {
      seals.checkQuestion(payload, asker)
      return undefined
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      if (error instanceof NotAuthentic) peerErrorsOf(asker)?.note('question', error)
      return refusalOf(error)
    }
  }
  return async (payload, asker) => {
    const said =
      refused(payload, asker) ??
      (await asideAnswer(deps, payload, asker)) ??
      (await answerInTurns(answer(deps, payload, asker), clock, goesOn))
    return said === undefined ? undefined : seals.answerTo(payload, said)
  }
}

const asideMarks = (['archive', 'identities'] as const).map((say) => Buffer.from(`"say":"${say}"`))

/** Undefined for any other question. What cannot be answered is refused: the asker tries again. */
async function asideAnswer(deps: Answers, payload: Buffer, asker: string): Promise<Buffer | undefined> {
  if (!asideMarks.some((mark) => payload.includes(mark))) return undefined
  try {
    const request = decodeRequest(payload)
    if (request.say !== 'archive' && request.say !== 'identities') return undefined
    const { say, question } = request
    const answered = deps.asides?.[say]
    const isPeer = request.region === asker && peersOf(deps.topology).some(({ name }) => name === asker)
    if (!isPeer || answered === undefined) return refusal(`the ${say} are for peers of this region`)
    return encodeControl({ say, reply: await answered(question, asker) })
  } catch (error) {
    return refusal((error as Error).message)
  }
}

/** Questions for what this region has, in its tables and of them. */
const ofState: readonly string[] = ['tables', 'registers', 'rows', 'digest']

/** Gives the reply's bytes; undefined where none is expected. A message that cannot be read gets a refusal that says so. */
export function* answer(deps: Answers, payload: Buffer, asker: string): Turns<Buffer | undefined> {
  let request: ReturnType<typeof decodeRequest>
  try {
    request = decodeRequest(payload)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return refusalOf(error)
  }
  // Who confirms in another's name would let the log be trimmed before that one has it.
  if (request.region !== asker) return refusal(`this is ${asker}, not ${request.region}`)
  if (!peersOf(deps.topology).some((peer) => peer.name === request.region)) return refusal('not a peer of this region')
  if (request.say === 'confirm') {
    deps.onConfirmed(request)
    return undefined
  }
  if (request.say === 'pulse') {
    deps.onPulse()
    return undefined
  }
  if (ofState.includes(request.say) && !deps.mayTell()) return refusal('this region has just started')
  return request.say === 'tables' ? encodeControl(yield* tables(deps, request)) : reply(deps, request)
}

/** Undefined, too, once the region stops. */
async function answerInTurns(
  work: Turns<Buffer | undefined>,
  clock: Pick<Clock, 'sleep'>,
  goesOn: () => boolean,
): Promise<Buffer | undefined> {
  while (goesOn()) {
    const step = work.next()
    if (step.done === true) return step.value
    await clock.sleep(0)
  }
  return undefined
}

function reply(deps: Answers, request: Exclude<Request, { say: 'tables' }>): Buffer {
  const { engine } = deps
  switch (request.say) {
    case 'hello':
      return refusedPlace(deps, request) ?? encodeControl(deps.announcement())
    case 'log':
      return refusedPlace(deps, request) ?? partOfLog(engine, request)
    case 'cursors':
      return encodeControl(cursors(deps, request.region))
    case 'registers':
      return encodeRows({ rows: engine.registers(request.table), done: true })
    case 'digest':
      return digest(deps, request)
    case 'rows':
      return rows(deps, request)
    case 'archive':
    case 'identities':
      return refusal('they are answered aside')
    default:
      return unreachable(request)
  }
}

type Placed = Extract<Request, { say: 'hello' | 'log' }>

function refusedPlace({ standing }: Answers, { region, at }: Placed): Buffer | undefined {
  const stands = at === undefined ? 'possible' : standing(region, at)
  if (stands === 'possible') return undefined
  const reason = 'that place is none of this log: one of the two stores is an older copy'
  return encodeControl({ say: 'refused', reason, ...(stands === 'false' ? { deceived: true } : {}) })
}

function partOfLog(engine: Engine, request: Extract<Request, { say: 'log' }>): Buffer {
  const { epoch, after, table, upTo: end = Infinity, bytesMax } = request
  const flushed = engine.flushed()
  // A peer that asks for no positions asks where the log begins for a stranger (log-part.ts).
  const isStrangers = after === 0 && end === 0
  const oldest = isStrangers ? Math.max(engine.oldest(), engine.lineage.begunAfter + 1) : engine.oldest()
  if (epoch !== engine.epoch || after < oldest - 1 || after > flushed)
    return encodeControl({ say: 'gone', epoch: engine.epoch, oldest, flushed })
  let upTo = after
  for (let part = 0; part < partsMax && upTo < end; part++) {
    const next = encodePart(engine, { after, from: upTo, end, table, bytesMax })
    if (next.batch !== undefined) return next.batch
    if (next.upTo === upTo) break
    upTo = next.upTo
  }
  return emptyBatch(engine, after, upTo)
}

/**
 * Only what is here of every table counts: a snapshot is trusted to hold all of it. A region that has left is followed until
 * nothing of it is under way here any more.
 */
function cursors({ engine, topology, reach, leaving, confirmedBy, twice: twiceOf }: Answers, asker: string): Answer {
  const confirmed = confirmedBy(asker)
  const twice = twiceOf(asker)
  const peers = peersOf(topology)
  const followed = new Set([...peers.map(({ name }) => name), ...leaving(), ...notNoted({ engine, peers })])
  const found = [...followed].flatMap((name) => {
    const cursor = engine.cursor(name)
    if (cursor === undefined) return []
    const proof = cursor.proof === undefined ? {} : { proof: cursor.proof }
    return [{ region: name, epoch: cursor.epoch, position: reach(name, cursor.position), ...proof }]
  })
  const { name: region } = engine.region
  const away = absences({ engine, peers })
  return {
    say: 'cursors',
    region,
    epoch: engine.epoch,
    flushed: engine.flushed(),
    cursors: found,
    numbers: engine.regionNumbers.known(),
    ...away,
    ...(confirmed === undefined ? {} : { confirmed }),
    earlier: engine.lineage.earlier,
    shared: engine.lineage.shared,
    ...(twice.length > 0 ? { twice } : {}),
  }
}

/** All of them for a region that does not ask for parts. */
function* tables(
  { engine, isComplete, isFilling }: Answers,
  asked: Extract<Request, { say: 'tables' }>,
): Turns<Answer> {
  const { after, table: only } = asked
  const known = only === undefined ? engine.knownTables() : engine.registers(only).length > 0 ? [only] : []
  const rest = after === undefined ? known : known.filter((id) => id > after).toSorted()
  const found: SharedTable[] = []
  for (const [at, id] of rest.entries()) {
    if (at % statusTablesAtOnceMax === statusTablesAtOnceMax - 1) yield
    const table = engine.tableWithId(id)
    if (table !== undefined && table.replicas.length === 0) continue
    if (after !== undefined && found.length === sharedTablesAtOnceMax)
      return { say: 'tables', tables: found, more: true }
    const items = table === undefined ? 0 : engine.size(table).items
    const horizons = { ...timeAs('horizon', engine.horizon(id)), ...timeAs('forgotten', engine.forgotten(id)) }
    const filling = table !== undefined && isFilling(id) ? ({ filling: true } as const) : {}
    found.push({ id, complete: table !== undefined && isComplete(id), ...filling, items, ...horizons })
  }
  return { say: 'tables', tables: found }
}

function timeAs<Name extends string>(name: Name, stamp: Stamp | undefined): { readonly [Key in Name]?: ClockState } {
  if (stamp === undefined) return {}
  return { [name]: { wallMs: stamp.wallMs, counter: stamp.counter } } as { readonly [Key in Name]: ClockState }
}

type RowsAsked = Extract<Request, { say: 'rows' }>

function rows({ engine, isComplete, series }: Answers, request: RowsAsked): Buffer {
  const { table, rowsMax = snapshotRowsMax, bytesMax = snapshotTargetBytes, partial = false } = request
  const isHere = engine.tableWithId(table) !== undefined
  // A replica that has not begun yet has no row, and says so; a refusal would not.
  if (partial && !isHere && engine.registers(table).length > 0) return encodeRows({ rows: [], done: true })
  if (!isHere || (!partial && !isComplete(table))) return refusal('the table is not here, or not all of it')
  const countMax = Math.max(1, Math.min(rowsMax, snapshotRowsMax))
  const read = (after: Buffer | undefined): Rows => {
    const part = engine.rows(table, after, countMax, Math.min(bytesMax, snapshotTargetBytes))
    return { rows: part, done: part.length === 0 }
  }
  const asked = seriesOf(request)
  if (series === undefined || asked === undefined) return encodeRows(read(keyFrom(request.after)))
  const start = series.startOf(asked, keyFrom(request.after))
  if (start === undefined) return refusal('this region does not know how far the series of questions has come')
  const part = read(start.after)
  series.answered(asked, part.rows.at(-1)?.key ?? start.after)
  return encodeRows({ ...part, after: start.after ?? Buffer.alloc(0) })
}

function seriesOf({ region, table, series, part = 0 }: RowsAsked): SeriesQuestion | undefined {
  return series === undefined ? undefined : { region, table, series, part }
}

function digest({ engine, isComplete }: Answers, request: Extract<Request, { say: 'digest' }>): Buffer {
  const { table, after, upTo, watermark } = request
  if (engine.tableWithId(table) === undefined || !isComplete(table))
    return refusal('the table is not here, or not all of it')
  const range = { after: keyFrom(after), upTo: keyFrom(upTo) }
  return encodeControl({ say: 'digest', ...digestForPeer(engine, table, range, watermark) })
}

function keyFrom(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64')
}

/** A peer of another version reads the version in the header of whatever it is answered. */
function refusalOf(error: RangeError): Buffer {
  const isNamed = error instanceof UnknownFormat || error instanceof NotAuthentic
  return refusal(isNamed ? error.message : 'not a request')
}

function refusal(reason: string): Buffer {
  return encodeControl({ say: 'refused', reason })
}
