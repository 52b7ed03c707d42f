/**
 * The identities that a region shares with others: a file beside the file of identities, and what peers ask and are told of it. Both are sealed with
 * the key that all regions have in their files. The state only grows together (shared-state.ts), so an old answer that is sent again changes nothing.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { sharedBytesMax, sharedPartBytesMax, sharedThingsMax } from '../../../core/limits/access-limits.ts'
import type { IdentityDefinitions } from '../../../core/access/identities/identities.ts'
import {
  mergeShared,
  noSharedThings,
  partDigests,
  sharedPart,
  type SharedState,
  sharedThingOf,
} from '../../../core/access/identities/shared-state.ts'
import { isObject } from '../../../core/wire/json.ts'
import type { SharedAnswer, SharedIdentities } from '../../../ports/shared-identities.ts'
import { Failure } from '../../../process/failure.ts'
import { replaceFile } from '../replaced-file.ts'

export type ShareKeys = NonNullable<IdentityDefinitions['shared']>

export const sharedFileOf = (path: string): string => `${path}.shared`

/** Throws a Failure. None where there is no file yet. */
export function readShared(path: string, keys: ShareKeys): SharedState {
  if (!existsSync(path)) return noSharedThings
  try {
    const content: unknown = JSON.parse(opened(readFileSync(path), 'file', keys).toString())
    if (Array.isArray(content)) return mergeShared(noSharedThings, thingsIn(content, Infinity))
  } catch (error) {
    throw new Failure(`the shared identities in ${path} cannot be read: ${(error as Error).message}`)
  }
  throw new Failure(`the shared identities in ${path} are not as they should be`)
}

/** Throws a RangeError where the state is larger than it may be. Regions that grew apart may come to twice as much together. */
export function writeShared(path: string, state: SharedState, { key }: ShareKeys, mayBe: 1 | 2 = 1): void {
  const text = Buffer.from(JSON.stringify([...state]))
  if (state.size > mayBe * sharedThingsMax || text.length > mayBe * sharedBytesMax)
    throw new RangeError(
      `identities that are shared, deleted ones included, come to more than ${sharedThingsMax} parts`,
    )
  replaceFile(path, sealed(text, 'file', key))
}

const thingsIn = (given: readonly unknown[], nowMs: number) =>
  given.flatMap((each) => {
    const thing = sharedThingOf(each, nowMs)
    return thing === undefined ? [] : [thing]
  })

type Use = 'file' | 'answer'

const magic = Buffer.from('LSI1')
const nonceBytes = 12
const tagBytes = 16
const nameAt = magic.length
const nonceAt = nameAt + 8
const tagAt = nonceAt + nonceBytes
const bodyAt = tagAt + tagBytes

type Derived = { readonly name: Buffer; readonly key: Buffer }

function derived(secret: string): Derived {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'longitude shared identities', 32))
  return {
    key,
    name: createHash('sha256')
      .update(key)
      .digest()
      .subarray(0, nonceAt - nameAt),
  }
}

/** magic · name of the key · nonce · tag · content */
function sealed(content: Buffer, use: Use, secret: string): Buffer {
  const { key, name } = derived(secret)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(use))
  const body = Buffer.concat([cipher.update(content), cipher.final()])
  return Buffer.concat([magic, name, nonce, cipher.getAuthTag(), body])
}

function opened(bytes: Buffer, use: Use, { key: present, formerKeys = [] }: ShareKeys): Buffer {
  if (bytes.length < bodyAt || !bytes.subarray(0, nameAt).equals(magic)) throw new RangeError('the form is another')
  const name = bytes.subarray(nameAt, nonceAt)
  const found = [present, ...formerKeys].map(derived).find((each) => each.name.equals(name))
  if (found === undefined) throw new RangeError('they are sealed with a key that is not in the file of identities')
  const decipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(nonceAt, tagAt), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(use)).setAuthTag(bytes.subarray(tagAt, bodyAt))
  return Buffer.concat([decipher.update(bytes.subarray(bodyAt)), decipher.final()])
}

/** Where a region keeps what it shares. */
export type SharedHome = {
  /** Undefined while nothing is shared. */
  readonly current: () => { readonly state: SharedState; readonly keys: ShareKeys } | undefined
  readonly merge: (merged: (state: SharedState) => SharedState) => Promise<void>
  readonly nowMs: () => number
}

export function sharedIdentities({ current, merge, nowMs }: SharedHome): SharedIdentities {
  const now = () => {
    const shared = current()
    if (shared === undefined) throw new RangeError('this region shares no identities')
    return shared
  }
  return {
    question: (after) => {
      const shared = current()
      return shared && JSON.stringify({ digests: partDigests(shared.state), after })
    },
    answer: (question) => {
      const { state, keys } = now()
      const { digests, after } = questionOf(question)
      const part = sharedPart(state, digests, { after, bytesMax: sharedPartBytesMax })
      return sealed(Buffer.from(JSON.stringify(part)), 'answer', keys.key).toString('base64')
    },
    read: (answer) => answerOf(opened(Buffer.from(answer, 'base64'), 'answer', now().keys)),
    take: async (answers) => {
      const things = answers.flatMap((each) => thingsIn(each.things, nowMs()))
      if (things.length > 0) await merge((state) => mergeShared(state, things))
      return answers.reduce((sum, each) => sum + each.things.length, -things.length)
    },
  }
}

function questionOf(question: string): { readonly digests: readonly string[]; readonly after: string | undefined } {
  const value: unknown = JSON.parse(question)
  if (!isObject(value) || !Array.isArray(value['digests'])) throw new RangeError('no question about identities')
  const { digests, after } = value
  return { digests: digests.map(String), after: typeof after === 'string' ? after : undefined }
}

function answerOf(content: Buffer): SharedAnswer {
  const value: unknown = JSON.parse(content.toString())
  if (!isObject(value) || !Array.isArray(value['things'])) throw new RangeError('no answer about identities')
  const { things, after } = value
  return { things, after: typeof after === 'string' ? after : undefined }
}
