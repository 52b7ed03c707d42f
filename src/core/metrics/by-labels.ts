/**
 * Values by the labels of a metric, found without making a text of the labels: there are several metrics a request. Labels of one metric come in one
 * order. It forgets everything when it is full, so it is only for what can be found or made again.
 */
type Labels = Readonly<Record<string, string | undefined>>

type Place<Value> = { value: Value | undefined; next: Map<string | undefined, Place<Value>> | undefined }

export class ByLabels<Value> {
  readonly #sizeMax: number
  #root = emptyPlace<Value>()
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get(labels: Labels): Value | undefined {
    let place: Place<Value> | undefined = this.#root
    for (const name in labels) {
      place = place.next?.get(labels[name])
      if (place === undefined) return undefined
    }
    return place.value
  }

  set(labels: Labels, value: Value): void {
    if (this.#size >= this.#sizeMax && this.get(labels) === undefined) this.clear()
    let place = this.#root
    for (const name in labels) {
      place.next ??= new Map()
      let next = place.next.get(labels[name])
      if (next === undefined) place.next.set(labels[name], (next = emptyPlace()))
      place = next
    }
    if (place.value === undefined) this.#size++
    place.value = value
  }

  clear(): void {
    this.#root = emptyPlace()
    this.#size = 0
  }
}

function emptyPlace<Value>(): Place<Value> {
  return { value: undefined, next: undefined }
}
