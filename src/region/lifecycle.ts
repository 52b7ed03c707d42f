import type { Service } from '../ports/service.ts'

/**
 * What a program has started, to be stopped in the reverse order: each is registered as soon as it is there, and stopping is awaited
 * step by step, also when a later start fails. A step that fails does not keep the others from being stopped.
 */
export class Lifecycle {
  readonly #steps: (() => unknown)[] = []

  /** Registers how to stop what has just been started. */
  add(stop: () => unknown): void {
    this.#steps.push(stop)
  }

  /** Starts a service, and registers it; it is stopped also when its start fails half-way. */
  async start(service: Service): Promise<void> {
    this.add(() => service.stop())
    await service.start()
  }

  /** Stops everything, once. Rejects with the first error, when all is stopped. */
  async stop(): Promise<void> {
    const errors: unknown[] = []
    for (const stop of this.#steps.splice(0).toReversed()) {
      try {
        await stop()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  /** Stops everything after a start that failed: its error is the one to be reported. */
  async undo(): Promise<void> {
    await this.stop().catch(() => {})
  }
}
