/** Writes down what clients ask and are answered, as a history that the checker reads (docs/design/histories.md). */
import type { Action, History, Operation, Outcome, Value } from './history.ts'

export type Told = { readonly outcome: Outcome; readonly value?: Value | undefined }

export class Recorder {
  readonly #nowMs: () => number
  readonly #operations: Operation[] = []
  #ticks = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get operations(): readonly Operation[] {
    return this.#operations
  }

  history(): History {
    return { initial: null, operations: this.#operations }
  }

  /** Begins an operation; the returned function ends it. One that is never ended stays unknown. */
  begin(process: string, key: string, action: Action, isEventual = false): (told: Told) => Operation {
    const invoked = this.#moment()
    const number = this.#operations.length
    const asked = { process, key, ...action, invoked, ...(isEventual ? { consistency: 'eventual' as const } : {}) }
    this.#operations.push({ ...asked, returned: null, outcome: 'unknown' })
    return ({ outcome, value }) => {
      const told = value === undefined ? {} : { value }
      const operation: Operation = { ...asked, returned: this.#moment(), outcome, ...told }
      this.#operations[number] = operation
      return operation
    }
  }

  /** Later than any before: what happens in one moment of virtual time happens in an order all the same. */
  #moment(): number {
    return this.#nowMs() + ++this.#ticks * 1e-6
  }
}
