/**
 * Whether a node answers behind a peer's nats-server. A region of several nodes has a server for each of them, and only the leading node
 * serves its bus. A question without content asks for nothing but that; the answer is one byte. Where no program listens the server itself says so.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { NatsQuestions } from './nats-questions.ts'

/** What a node answers that serves its peers, and what one answers that is about to. */
export const servesPeers = Buffer.from([1])
export const servesNotYet = Buffer.from([0])

/** A node that is well answers within this time; a turn of its event loop may be long. */
const answerMsMax = 2000
/** Within this time an answer is there as a rule, and nothing else is asked. */
const soonMs = 500
const watchEveryMs = 1000

export type Answering = {
  readonly connection: NatsConnection
  readonly questions: NatsQuestions
  readonly subject: string
}

/**
 * Resolves with whether the node answers. Over a narrow line its answer waits behind what came before: the server's own answer to a ping comes
 * behind all that the server had for us by then, so silence is only what is silent between two of them.
 */
export async function nodeAnswers({ connection, questions, subject }: Answering): Promise<boolean> {
  const { answer, drop } = questions.ask(subject, Buffer.alloc(0))
  let timer: NodeJS.Timeout | undefined
  const wait = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  }
  const silence = async (): Promise<boolean> => {
    await wait(soonMs)
    await connection.flush()
    await wait(answerMsMax - soonMs)
    await connection.flush()
    return false
  }
  try {
    return await Promise.race([answer.then(saysYes), silence()])
  } catch {
    // No program listens, or the connection has ended.
    return false
  } finally {
    drop()
    clearTimeout(timer)
  }
}

const saysYes = ({ data }: Msg): boolean => data[0] === servesPeers[0]

/** Calls `onSilent` once, when no node answers any more. */
export function watchNode(answering: Answering, told: { readonly onAsked: () => void; readonly onSilent: () => void }) {
  let isAsking = false
  const look = async (): Promise<void> => {
    if (isAsking) return
    isAsking = true
    told.onAsked()
    const answers = await nodeAnswers(answering)
    isAsking = false
    if (answers) return
    clearInterval(timer)
    told.onSilent()
  }
  const timer = setInterval(() => void look(), watchEveryMs)
  return { stop: () => clearInterval(timer) }
}
