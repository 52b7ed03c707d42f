/** Answers the calls of the links' control (links-calls.ts). */
import type { z } from 'zod'
import { type Control, startControl } from '../../deployment/control/call-server.ts'
import type { PortCertificate } from '../../http/secure.ts'
import { Failure } from '../../process/failure.ts'
import type { Address } from '../link-port.ts'
import type { Links } from '../links.ts'
import { changeFrom } from '../plan.ts'
import { linksCalls } from './links-calls.ts'

export type LinksControlServerOptions = {
  readonly links: Links
  readonly listen: Address
  readonly token: string
  readonly tls?: PortCertificate | undefined
}

/** Rejects with a Failure when the port cannot be had. */
export async function startLinksControl({ links, listen, token, tls }: LinksControlServerOptions): Promise<Control> {
  return await startControl({
    calls: linksCalls,
    handlers: {
      health: () => ({ status: 'ok' }),
      list: () => ({ links: links.list() }),
      set: (asked) => ({ links: set(links, asked) }),
      heal: ({ owner, links: texts }) => ({
        links: links.heal({
          ...(owner === undefined ? {} : { owner }),
          ...(texts === undefined ? {} : { links: texts }),
        }),
      }),
    },
    listen,
    token,
    tls,
    whose: "the links' control",
  })
}

function set(links: Links, asked: z.output<typeof linksCalls.set.asked>): ReturnType<Links['set']> {
  const { links: texts, state, owner, for: forMs, id, ...figures } = asked
  const change = { ...changeFrom(figures), ...(state === undefined ? {} : { state }) }
  if (Object.keys(change).length === 0)
    throw new Failure('nothing to set: rtt, jitter, bandwidth, stall or state is wanted')
  return links.set({
    links: texts,
    change,
    ...(owner === undefined ? {} : { owner }),
    ...(forMs === undefined ? {} : { forMs }),
    ...(id === undefined ? {} : { id }),
  })
}
