/**
 * GetItem for which the cache has the answer: requests that have come before byte by byte, and answers that were written before. A hit is two look-ups, and
 * nothing is decoded.
 */
import { CborWriter } from '../../core/cbor/cbor-writer.ts'
import type { Item } from '../../core/attribute/value.ts'
import type { AttributeList, AttributeLists } from '../../core/dax/codec/attribute-lists.ts'
import type { DataRequest } from '../../core/dax/requests/data-request.ts'
import { daxUnderstoodBytesMax, daxUnderstoodMax } from '../../core/limits/dax-limits.ts'
import { attributeListOf } from '../../core/dax/codec/item-codec.ts'
import type { KeySchema } from '../../core/table/table.ts'
import type { Cache } from '../core/cache.ts'
import type { Cached } from '../core/entry.ts'
import { isAsked } from '../http/kept-capacity.ts'
import { Remembered } from '../http/remembered.ts'
import { type GetItem, getItemOf } from '../http/understood.ts'
import type { Frame } from './dax-frames.ts'

type KnownGet = {
  readonly who: string
  readonly get: GetItem
  readonly request: DataRequest
  readonly schema: KeySchema
}

/**
 * An answer, kept with the item as the text of its bytes (latin1), which node writes to the socket without a buffer in between. `list` is what its values are
 * told by; none where parts are shown.
 */
class ReadyAnswer {
  readonly text: string
  readonly list: AttributeList | undefined

  constructor(text: string, list: AttributeList | undefined) {
    this.text = text
    this.list = list
  }
}

export class KeptReads {
  readonly #cache: Cache
  readonly #lists: AttributeLists
  readonly #gets = new Remembered<KnownGet>({ entriesMax: daxUnderstoodMax, textMax: daxUnderstoodBytesMax })

  constructor(cache: Cache, lists: AttributeLists) {
    this.#cache = cache
    this.#lists = lists
  }

  /** Undefined for all that is not known and kept. */
  answer(who: string, bytes: Buffer): string | undefined {
    if (bytes.length > daxUnderstoodBytesMax) return undefined
    const known = this.#gets.get(bytes.toString('latin1'))
    if (known?.who !== who) return undefined
    const cached = this.#cache.findItem(known.get)
    if (cached === undefined) return undefined
    this.#cache.figures.hits++
    const ready = cached.front instanceof ReadyAnswer ? cached.front : this.#made(cached, known)
    if (ready.list !== undefined) this.#lists.keep(ready.list)
    return ready.text
  }

  remember(who: string, { bytes }: Frame, request: DataRequest, schema: KeySchema): void {
    if (bytes.length > daxUnderstoodBytesMax) return
    const get = getItemOf({ who, stem: '' }, request.input)
    if (get !== undefined && !isAsked(get.detail))
      this.#gets.set(bytes.toString('latin1'), { who, get, request, schema })
  }

  #made(cached: Cached, { get, request, schema }: KnownGet): ReadyAnswer {
    const output = JSON.parse(Buffer.from(cached.body, 'latin1').toString()) as { readonly Item?: Item }
    const { Item: item } = output
    const text = answerOf(request, output).toString('latin1')
    const isWhole = item !== undefined && get.shown === ''
    const made = new ReadyAnswer(text, isWhole ? attributeListOf(item, schema, this.#lists) : undefined)
    cached.front = made
    return made
  }
}

/** No error, and the operation's values. */
export function answerOf(request: DataRequest, output: Readonly<Record<string, unknown>>): Buffer {
  const writer = new CborWriter().array(0)
  request.write(writer, output)
  return writer.finish()
}
