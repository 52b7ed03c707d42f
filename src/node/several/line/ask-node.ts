/** A question about another node’s store, over a connection of its own. */
import { nodeAnswerMsMax } from '../../../core/limits/node-line-limits.ts'
import { FrameCalls } from '../../../http/processes/request-frames.ts'
import type { ConnectNode } from './connecting.ts'
import type { NodeAddress } from '../several-options.ts'

/** Rejects when the node cannot be asked, or does not answer in time. */
export function askNode(connect: ConnectNode, to: NodeAddress, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(to, { kind: 'store' })
    const fail = (reason: string): void => {
      socket.destroy()
      reject(new Error(`${to.node} is not asked for its store: ${reason}`))
    }
    socket.setTimeout(nodeAnswerMsMax, () => fail('it does not answer'))
    socket.on('error', ({ message }) => fail(message))
    socket.on('close', () => fail('the connection has ended'))
    new FrameCalls(socket, { onBroken: fail }).call({}, question, (_, answer) => {
      resolve(answer)
      socket.destroy()
    })
  })
}
