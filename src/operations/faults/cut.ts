/** Thrown in the place of an answer: the client gets none, and its connection ends. */
export type CutKind = 'close' | 'reset'

export class Cut extends Error {
  override readonly name = 'Cut'
  readonly how: CutKind

  constructor(how: CutKind) {
    super('a fault that was set has cut the connection')
    this.how = how
  }
}
