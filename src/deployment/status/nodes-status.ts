/** Asks the nodes of a region of several what each of them says of itself. */
import { z } from 'zod'
import { exchange } from '../../process/requests/exchange.ts'
import { messageOf } from '../../process/failure.ts'
import { type Administered, askAdmin } from '../endpoints.ts'

const words = z.looseObject({
  node: z.string(),
  role: z.string(),
  term: z.number(),
  leader: z.string().optional(),
  /** Entries of the order, and those that are durable in the node's store. */
  sequence: z.number(),
  durable: z.number(),
  entryAgeMs: z.number().optional(),
  trouble: z.string().optional(),
})

export type NodeAnswer = {
  readonly node: string
  readonly endpoint: string
  readonly health: 'ready' | 'not ready' | 'down'
  readonly role?: string
  readonly term?: number
  readonly leader?: string | undefined
  /** Entries that its store lacks of those that it knows of. */
  readonly behind?: number
  /** Entries that its store lacks of those that the leading node has. */
  readonly behindLeader?: number
  readonly problem?: string
  /** It stands still until an operator has looked. */
  readonly trouble?: string
}

const answerMsMax = 3000

/** A node that can be asked. */
type AskedNode = {
  readonly node: string
  readonly endpoint: string
  readonly ready: () => Promise<{ readonly isReady: boolean; readonly text: string }>
  readonly told: () => Promise<unknown>
}

type Asked = { readonly answer: NodeAnswer; readonly durable?: number }

export async function nodesStatus(nodes: readonly AskedNode[]): Promise<readonly NodeAnswer[]> {
  const asked = await Promise.all(nodes.map(ask))
  const leading = asked.find(({ answer }) => answer.role === 'leading')?.durable
  return asked.map(({ answer, durable }) => {
    if (leading === undefined || durable === undefined) return answer
    return { ...answer, behindLeader: Math.max(0, leading - durable) }
  })
}

/** `nodes`: endpoints by the node's name. */
export async function nodesStatusOf(
  nodes: Readonly<Record<string, string>>,
  token: string | undefined,
): Promise<readonly NodeAnswer[]> {
  return await nodesStatus(Object.entries(nodes).map(([name, url]) => askedNode([name, url, token])))
}

function askedNode(at: Administered): AskedNode {
  const [node, endpoint] = at
  return {
    node,
    endpoint,
    ready: async () => {
      const { status, text } = await exchange(`${endpoint}/ready`, { timeoutMs: answerMsMax })
      return { isReady: status === 200, text }
    },
    told: async () => await askAdmin(at, 'node', { timeoutMs: answerMsMax }),
  }
}

async function ask({ node, endpoint, ready: isReady, told: says }: AskedNode): Promise<Asked> {
  try {
    const [ready, told] = await Promise.all([isReady(), says()])
    const { role, term, leader, sequence, durable, trouble } = words.parse(told)
    const health = ready.isReady ? 'ready' : 'not ready'
    const behind = Math.max(0, sequence - durable)
    const problem = health === 'ready' ? {} : { problem: reasonIn(ready.text) }
    const stands = trouble === undefined ? {} : { trouble }
    return { answer: { node, endpoint, health, role, term, leader, behind, ...problem, ...stands }, durable }
  } catch (error) {
    const problem = error instanceof z.ZodError ? 'not a node of several' : messageOf(error)
    return { answer: { node, endpoint, health: 'down', problem } }
  }
}

function reasonIn(text: string): string {
  try {
    const { reason } = JSON.parse(text) as { readonly reason?: unknown }
    return typeof reason === 'string' ? reason : ''
  } catch {
    return ''
  }
}
