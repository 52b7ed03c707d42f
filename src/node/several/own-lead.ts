/** The region in this process, as the leader that this node and others send requests to. Once its term is over it answers nothing more. */
import type { Socket } from 'node:net'
import { Gathering } from '../../http/bytes/gathering.ts'
import type { Reply } from '../../http/bytes/reply.ts'
import type { Send } from '../../http/processes/forwarding.ts'
import type { ApiRequest } from '../../http/pipeline.ts'
import type { RunningServer } from '../../http/server.ts'
import type { Lead } from './front/leader-route.ts'
import { lostReply } from './front/lost-reply.ts'

export class OwnLead implements Lead {
  readonly #server: Pick<RunningServer, 'answer' | 'takeBack'>
  readonly #waiting = new Gathering<(reply: Reply) => void>()
  readonly #clients = new Set<Socket>()
  #isOver = false

  constructor(server: Pick<RunningServer, 'answer' | 'takeBack'>) {
    this.#server = server
  }

  get isOpen(): boolean {
    return !this.#isOver
  }

  forward(request: ApiRequest, send: Send, declined: () => void): void {
    if (this.#isOver) return declined()
    let isAnswered = false
    const end = (reply: Reply): void => {
      isAnswered = true
      send('', reply)
    }
    this.#waiting.add(end)
    this.#server.answer(request, (requestId, reply) => {
      if (isAnswered) return
      this.#waiting.delete(end)
      send(requestId, reply)
    })
  }

  takeOver(client: Socket, received: Buffer, taken: () => void): void {
    if (this.#isOver) client.destroy()
    else {
      this.#clients.add(client)
      client.once('close', () => this.#clients.delete(client))
      this.#server.takeBack(client, received)
    }
    taken()
  }

  /** Resolves when all that was begun is answered. */
  async idle(): Promise<void> {
    await this.#waiting.empty()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const each of this.#waiting) {
      this.#waiting.delete(each)
      each(lostReply)
    }
    for (const client of this.#clients) client.destroy()
  }
}
