/**
 * Transactions by the client's tokens, so that one sent again is not done again. A token is written in the very group of
 * its transaction: after a crash both are there, or neither. Old ones go a few at a time, whenever a new one comes.
 */
import { idempotencyTokenMsMax, tokensForgottenAtOnceMax } from '../../core/limits/limits.ts'
import type { Token } from './command.ts'
import type { Group } from './flush-group.ts'
import { tokenKey, tokensBefore } from '../store/keys.ts'
import type { State } from '../state.ts'

export type KnownToken = { readonly key: Buffer; readonly digest: string }

const minuteMs = 60_000
const minutesKept = Math.ceil(idempotencyTokenMsMax / minuteMs)

/** The token as it was used last, durable or not yet, within the time that it is good for. */
export function knownToken(state: State, name: string): KnownToken | undefined {
  const nowMs = state.time.wallMs()
  const minute = Math.floor(nowMs / minuteMs)
  // A clock that has stepped back finds its tokens of the minutes to come, one of them at least.
  for (let back = -1; back <= minutesKept; back++) {
    const key = tokenKey(minute - back, name)
    const value = state.damage.noting(() => state.groups.get(key))
    if (value !== undefined && nowMs - value.readDoubleBE(0) <= idempotencyTokenMsMax)
      return { key, digest: value.toString('utf8', 8) }
  }
  return undefined
}

export function putToken(state: State, group: Group, { name, digest }: Token): void {
  const nowMs = state.time.wallMs()
  const minute = Math.floor(nowMs / minuteMs)
  const value = Buffer.allocUnsafe(8 + Buffer.byteLength(digest))
  value.writeDoubleBE(nowMs, 0)
  value.write(digest, 8)
  state.groups.put(group, tokenKey(minute, name), value)
  forgetSome(state, group, minute - minutesKept)
}

function forgetSome(state: State, group: Group, minute: number): void {
  for (const key of state.store.keys({ ...tokensBefore(minute), limit: tokensForgottenAtOnceMax }))
    state.groups.put(group, key, undefined)
}
