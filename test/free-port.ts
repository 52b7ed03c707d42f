/**
 * Ports that stay free while a test stops a server and starts it again there. They lie below those that the system gives to connections: one of
 * these could be any other test's connection a moment later.
 */
import { createServer } from 'node:net'

const [first, count, triesMax] = [22_000, 10_000, 100]

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = first + Math.floor(Math.random() * count)
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

export async function freePorts(number: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < number) ports.add(await freePort())
  return [...ports]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
