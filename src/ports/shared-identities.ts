/** Identities that the regions of a deployment share, as the loop that fetches those of peers sees them. */
export interface SharedIdentities {
  /** What to ask a peer, and where its answer is to begin; undefined while this region shares none. */
  question(after?: string): string | undefined
  /** Answers a peer's question. Throws for what is none. */
  answer(question: string): string
  /** Throws for what is no answer, or is sealed with a key that is not known here. */
  read(answer: string): SharedAnswer
  /** Resolves when what they say is kept, and counts. Gives how much of it was left out: not in form, or from ahead of the clock. */
  take(answers: readonly SharedAnswer[]): Promise<number>
}

export type SharedAnswer = {
  /** As they were said; each is checked before it is kept. */
  readonly things: readonly unknown[]
  /** Where the next answer is to begin. */
  readonly after?: string | undefined
}
