/** The first exchange with a peer's node: who it is, which log it has, and whether it speaks what we speak. */
import { type Announcement, type Answer, decodeAnswer, encodeControl } from '../../../core/change/control.ts'
import { UnknownFormat } from '../../../core/change/message.ts'
import { NotAuthentic } from '../../../core/change/seal.ts'
import type { ToldPlace } from '../../../core/change/place.ts'
import type { Region } from '../../../core/topology.ts'
import type { Cursor } from '../../../core/change/place.ts'
import type { Session } from './session.ts'

/** The peer, or this region to it, is not who it should be. Until that changes nothing of it is applied. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** This region does not stand in the peer's log where it believes: it was deceived, or its cursor is damaged. Only the state helps. */
export class Deceived extends RangeError {
  override readonly name = 'Deceived'
}

/** Whether nothing of the peer is applied until that changes. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof UnknownFormat || error instanceof NotAuthentic || error instanceof Refused
}

/** Undefined when the node does not answer: it may be down while its stream is up. Throws an error that `isRefusal`. */
export async function greet(
  session: Session,
  { self, peer, cursor }: { readonly self: string; readonly peer: Region; readonly cursor: Cursor | undefined },
): Promise<Announcement | undefined> {
  const payload = await session
    .request(encodeControl({ say: 'hello', region: self, ...placeOf(cursor) }))
    .catch((error: unknown) => {
      if (isRefusal(error)) throw error
      return undefined
    })
  if (payload === undefined) return undefined
  const said = decodeAnswer(payload)
  if (said.say === 'refused') throw refusalBy(peer, said)
  if (said.say !== 'here') throw new Refused(`${peer.name} does not say who it is`)
  if (said.region !== peer.name || said.number !== peer.number)
    throw new Refused(`${said.region} (${said.number}) answers for ${peer.name} (${peer.number})`)
  return said
}

function refusalBy({ name }: Region, { reason, deceived }: Extract<Answer, { say: 'refused' }>): Error {
  const what = `${name} refuses: ${reason}`
  return deceived === true ? new Deceived(what) : new Refused(what)
}

/** The log of a node that is down while its stream is up: it may be followed, if it was known before. */
export async function epochUnanswered(
  session: Session,
  linkState: string,
  cursor: Cursor | undefined,
): Promise<string> {
  if (cursor === undefined || linkState === 'resync') throw new Error('the peer does not answer')
  // Shorter than it was, it may be that of a store that was set back: only the node can say.
  const { lastSequence } = await session.state()
  if (lastSequence < cursor.sequence) throw new Error('the stream was cut, and the peer does not answer')
  return cursor.epoch
}

/** The own place in the peer's log, for a question that only the log which led there may answer. */
export function placeOf(cursor: Cursor | undefined): { readonly at?: ToldPlace } {
  if (cursor === undefined) return {}
  const { epoch, position, proof } = cursor
  return { at: { epoch, position, ...(proof === undefined ? {} : { proof }) } }
}
