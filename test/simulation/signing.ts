/** The message keys of simulated regions, and what a peer that has gone wrong signs with its own. */
import { hmacWith } from '../../src/adapters/system/message-key.ts'
import type { Carried } from '../../src/adapters/memory/memory-link.ts'
import { required } from '../../src/core/assert.ts'
import { decodeRequest } from '../../src/core/change/control.ts'
import { frameSizeBytes } from '../../src/core/change/message.ts'
import { contextOf, contextOfAnswer, type Mac, seal, toAll } from '../../src/core/change/seal.ts'
import type { MessageKeys } from '../../src/ports/message-keys.ts'

export class SimulatedKeys implements MessageKeys {
  readonly #macs = new Map<string, readonly Mac[]>()

  of(region: string): readonly Mac[] {
    const known = this.#macs.get(region) ?? [hmacWith(Buffer.from(region.padEnd(32, '.')))]
    this.#macs.set(region, known)
    return known
  }

  lookAgain(): boolean {
    return false
  }
}

/** The message as its sender itself would have signed it; what is too short for a message stays as it is. */
export function signedBySender(
  keys: MessageKeys,
  payload: Buffer,
  carried: Carried,
  context = contextIn(payload, carried),
): Buffer {
  if (payload.length < frameSizeBytes) return payload
  return seal(payload, required(keys.of(carried.from)[0], 'a key of each region'), context)
}

export function contextIn(payload: Buffer, { to, question }: Carried): Buffer {
  if (question !== undefined) return contextOfAnswer(question)
  return isForOne(payload) ? contextOf(Buffer.from(to)) : toAll
}

/** Requests, and what is told: of all that is not an answer, these alone are for one region. */
function isForOne(payload: Buffer): boolean {
  try {
    decodeRequest(payload)
    return true
  } catch {
    return false
  }
}
