/** What the tests of a node's ways to the leading node share. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Send } from '../../../../src/http/processes/forwarding.ts'
import type { ApiRequest } from '../../../../src/http/pipeline.ts'
import { type SeveralOptions, severalOf } from '../../../../src/node/several/several-options.ts'
import type { Clock } from '../../../../src/ports/clock.ts'
import { freePorts } from '../../../free-port.ts'

const none = Buffer.alloc(0)

export function requestOf(body = '', target = 'PutItem'): ApiRequest {
  const bytes = body === '' ? none : Buffer.from(body)
  const headers = { 'x-amz-target': `DynamoDB_20120810.${target}` }
  return { url: '/', headers, rawHeaders: () => [], body: bytes, payload: bytes }
}

/** Collects what requests are answered. */
export class Answers {
  readonly all: string[] = []

  of(name: string): Send {
    return (_, { status, bytes }) => this.all.push(`${name} ${status} ${messageIn(bytes)}`)
  }
}

function messageIn(bytes: Buffer): string {
  const text = bytes.toString()
  return /"message":"([^"]*)"/i.exec(text)?.[1] ?? text
}

export const lost =
  'The node that leads this region was lost before it answered. A write may have been executed or not.'
export const noLeader = 'No node leads this region now: the request was not executed.'

/** Twenty times as fast as others. */
export const fastClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now() * 20,
  after: (ms, work) => {
    const timer = setTimeout(work, ms / 20)
    return () => clearTimeout(timer)
  },
  sleep: async (ms) =>
    await new Promise((resolve) => {
      setTimeout(resolve, ms / 20)
    }),
}

/** Three nodes on this machine, and this one is the first. */
export async function severalHere(more: Partial<Parameters<typeof severalOf>[0]> = {}): Promise<SeveralOptions> {
  const ports = await freePorts(3)
  const nodeAt = ['a', 'b', 'c'].map((node, index) => ({ node, host: '127.0.0.1', port: ports[index] ?? 0 }))
  const nodeSecret = join(mkdtempSync(join(tmpdir(), 'longitude-nodes-')), 'secret')
  const several = severalOf({ node: 'a', nodeAt, nodeHost: '127.0.0.1', nodeSecret, ...more })
  if (several === undefined) throw new Error('no nodes')
  return several
}
