/** Bounds what the triggers of a region have under way: invocations, and the bytes of their events. A mapping with nothing under way always gets a place, so none keeps another waiting. */
import {
  triggerInvocationsMax,
  triggerMappingInvocationsMax,
  triggerPayloadBytesMax,
} from '../../core/limits/trigger-limits.ts'
import {
  invokePayloadBytesMax,
  triggerEventOverheadBytes,
  triggerSmallPayloadBytes,
} from '../../core/limits/trigger-limits.ts'

export type Slot = { readonly bytesMax: number; release(): void }

type Waiting = { readonly of: string; readonly grant: () => void }

export class Slots {
  readonly #underWay = new Map<string, number>()
  readonly #waiting: Waiting[] = []
  #count = 0
  #bytes = 0

  /** The place of a batch; `of` names its mapping. */
  async take(of: string): Promise<Slot> {
    if (!this.#mayBegin(of)) await new Promise<void>((grant) => this.#waiting.push({ of, grant }))
    else this.#begin(of)
    const usual = invokePayloadBytesMax - triggerEventOverheadBytes
    const bytesMax = this.#bytes + usual <= triggerPayloadBytesMax ? usual : triggerSmallPayloadBytes
    this.#bytes += bytesMax
    let isTaken = true
    return {
      bytesMax,
      release: () => {
        if (!isTaken) return
        isTaken = false
        this.#bytes -= bytesMax
        this.#end(of)
      },
    }
  }

  #mayBegin(of: string): boolean {
    const own = this.#underWay.get(of) ?? 0
    return own === 0 || (own < triggerMappingInvocationsMax && this.#count < triggerInvocationsMax)
  }

  #begin(of: string): void {
    this.#count++
    this.#underWay.set(of, (this.#underWay.get(of) ?? 0) + 1)
  }

  #end(of: string): void {
    this.#count--
    const left = (this.#underWay.get(of) ?? 1) - 1
    if (left > 0) this.#underWay.set(of, left)
    else this.#underWay.delete(of)
    for (;;) {
      const at = this.#waiting.findIndex((each) => this.#mayBegin(each.of))
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1)
      if (next === undefined) return
      this.#begin(next.of)
      next.grant()
    }
  }
}
