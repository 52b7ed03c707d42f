/**
 * Which term other nodes know (region/nodes/term-rounds.ts), asked of them over the lines that they have made to this one. A question and its answer
 * are told between the requests and replies of the line.
 */
import { nodeTermsAskedMax } from '../../../core/limits/node-line-limits.ts'

type Line = {
  readonly tell: (about: TermQuestion) => void
  readonly waiting: Map<number, (term: number | undefined) => void>
}

type TermQuestion = { readonly askedTerm: number }

export type TermLine = {
  /** Takes what the node tells, which may be something else. */
  readonly take: (about: unknown) => void
  readonly end: () => void
}

export class TermLines {
  /** The latest of each node. */
  readonly #lines = new Map<string, Line>()
  #last = 0

  /** Resolves with undefined where the node has no line to this one, or loses it, or cannot say. */
  ask(node: string): Promise<number | undefined> {
    const line = this.#lines.get(node)
    if (line === undefined || line.waiting.size >= nodeTermsAskedMax) return Promise.resolve(undefined)
    const askedTerm = ++this.#last
    return new Promise((resolve) => {
      line.waiting.set(askedTerm, resolve)
      line.tell({ askedTerm })
    })
  }

  add(node: string, tell: Line['tell']): TermLine {
    const line: Line = { tell, waiting: new Map() }
    this.#lines.set(node, line)
    return {
      take: (about) => {
        const answer = answerIn(about)
        if (answer === undefined) return
        const answered = line.waiting.get(answer.askedTerm)
        line.waiting.delete(answer.askedTerm)
        answered?.(answer.term)
      },
      end: () => {
        if (this.#lines.get(node) === line) this.#lines.delete(node)
        for (const answered of line.waiting.values()) answered(undefined)
        line.waiting.clear()
      },
    }
  }
}

/** What is to be told to a node that has told this; undefined where it has not asked. */
export function answerToTerm(about: unknown, term: number | undefined): object | undefined {
  const { askedTerm } = membersOf(about)
  return typeof askedTerm === 'number' ? { askedTerm, term } : undefined
}

function answerIn(about: unknown): { readonly askedTerm: number; readonly term: number | undefined } | undefined {
  const { askedTerm, term } = membersOf(about)
  if (typeof askedTerm !== 'number') return undefined
  return { askedTerm, term: Number.isSafeInteger(term) ? (term as number) : undefined }
}

type Members = Partial<Record<'askedTerm' | 'term', unknown>>

const membersOf = (about: unknown): Members => (typeof about === 'object' && about !== null ? about : {})
