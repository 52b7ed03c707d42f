/** How much clients ask of a region: how many of their requests are under way, over time. */
export class ClientDemand {
  #underWay = 0
  #requestMs = 0
  #asOfMs = 0
  #answered = 0

  begun(nowMs: number): void {
    this.#goOn(nowMs)
    this.#underWay++
  }

  ended(nowMs: number): void {
    this.#goOn(nowMs)
    this.#underWay--
    this.#answered++
  }

  /** Requests that have been answered so far. */
  get answered(): number {
    return this.#answered
  }

  /** For how long requests have been under way so far, all of them added up. */
  requestMs(nowMs: number): number {
    this.#goOn(nowMs)
    return this.#requestMs
  }

  #goOn(nowMs: number): void {
    this.#requestMs += this.#underWay * (nowMs - this.#asOfMs)
    this.#asOfMs = nowMs
  }
}
