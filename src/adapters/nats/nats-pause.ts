/** A wait between two attempts, cut short when the work ends or goes on. One at a time. */
export class Pause {
  #end: () => void = () => undefined

  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#end = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  end(): void {
    this.#end()
  }
}
