/** Whether the ports that are needed can be had, found out before anything is started. */
import { createServer } from 'node:net'
import { Failure, codeOf, messageOf } from '../process/failure.ts'
import { holderOf } from './port-holder.ts'

export type PortUse = { readonly host: string; readonly port: number; readonly purpose: string }

const pollMs = 100
const namedMax = 3

/** Waits for up to `graceMs` for busy ones: what an earlier run left may still be ending. Throws a Failure that names them. */
export async function requirePorts(uses: readonly PortUse[], graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  let busy = await busyOf(uses)
  while (busy.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs)
    })
    busy = await busyOf(busy)
  }
  if (busy.length === 0) return
  const named = busy.slice(0, namedMax).map(({ port, purpose }) => {
    const holder = holderOf(port)
    return `port ${port} (${purpose})${holder === undefined ? '' : `, by ${holder}`}`
  })
  const more = busy.length > namedMax ? ` and ${busy.length - namedMax} more` : ''
  throw new Failure(
    `in use by another program: ${named.join(', ')}${more}; stop that, or choose others by --base-port, as in --base-port 9000`,
  )
}

async function busyOf(uses: readonly PortUse[]): Promise<readonly PortUse[]> {
  const free = await Promise.all(uses.map(isFree))
  return uses.filter((_, index) => free[index] === false)
}

async function isFree({ host, port, purpose }: PortUse): Promise<boolean> {
  const server = createServer()
  return await new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(false)
      else reject(new Failure(`port ${port} (${purpose}) on ${host} cannot be used: ${messageOf(error)}`))
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
