/** Addresses of regions in options: NATS servers of peers, and endpoints. */
import { z } from 'zod'

const words = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
const named = /^[a-z0-9-]+=/
/** Regions are separated by commas or spaces, and so are the addresses of one region: one without a name belongs to the region before it. */
const peerWords = z.string().transform((text) =>
  text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .reduce<string[]>((all, part) => {
      const last = all.at(-1)
      return named.test(part) || last === undefined ? [...all, part] : [...all.slice(0, -1), `${last},${part}`]
    }, []),
)
const peer = z
  .string()
  .regex(
    /^[a-z0-9-]+=\S+$/,
    'REGION=nats://HOST:PORT or REGION=tls://HOST:PORT, and of several nodes REGION=URL,URL,URL',
  )
  .transform((text) => ({ region: text.slice(0, text.indexOf('=')), url: text.slice(text.indexOf('=') + 1) }))
export const peers = z.union([
  z.record(z.string(), z.string()).transform((map) => Object.entries(map).map(([region, url]) => ({ region, url }))),
  peerWords.pipe(z.array(peer)),
  z.array(peer),
])
const upstream = z
  .string()
  .regex(/^[a-z0-9-]+=https?:\/\/[^/\s]+\/?$/, 'REGION=http://HOST:PORT')
  .transform((text) => ({
    region: text.slice(0, text.indexOf('=')),
    url: text.slice(text.indexOf('=') + 1).replace(/\/$/, ''),
  }))
export const upstreams = z.union([
  z.record(z.string(), z.string()).transform((map) => Object.entries(map).map(([region, url]) => ({ region, url }))),
  words.pipe(z.array(upstream)),
  z.array(upstream),
])

/** The addresses of regions, by the region. */
export function byRegion(
  addresses: readonly { readonly region: string; readonly url: string }[],
): Record<string, string> {
  return Object.fromEntries(addresses.map(({ region, url }) => [region, url]))
}
