/** The options of a node in a region of several. Rows of rows.ts. */
import { z } from 'zod'

const file = z.string().min(1).optional()
const split = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== '')
const nodeName = /^[a-z0-9][a-z0-9-]{0,19}$/
const address = z.string().transform((text, context) => {
  const [, node = '', host = '', port = ''] =
    /^([a-z0-9-]+)=(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? []
  if (nodeName.test(node) && Number(port) >= 1 && Number(port) <= 65_535)
    return { node, host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
  context.addIssue({ code: 'custom', message: `${text} is not NAME=HOST:PORT` })
  return z.NEVER
})

export const nodesOptions = {
  node: {
    flags: '--node <name>',
    help: 'the name of this node in a region of several nodes; a region has one node when not given',
    schema: z.string().regex(nodeName, 'up to 20 small letters, digits and dashes').optional(),
  },
  nodeAt: {
    flags: '--node-at <name=host:port...>',
    help: 'where the nodes of the region reach each other, this one among them; once for each, or with commas',
    schema: z.union([
      z
        .record(z.string(), z.string())
        .transform((map) => Object.entries(map).flatMap(([name, at]) => split(`${name}=${at}`)))
        .pipe(z.array(address)),
      z.string().transform(split).pipe(z.array(address)),
      z
        .array(z.string())
        .transform((each) => each.flatMap(split))
        .pipe(z.array(address)),
    ]),
    default: [],
    repeatable: true,
  },
  nodeHost: {
    flags: '--node-host <address>',
    help: 'address at which this node listens for the other nodes of its region; the port is that of its own --node-at',
    schema: z.string().min(1),
    default: '127.0.0.1',
  },
  nodeSecret: {
    flags: '--node-secret <file>',
    help: 'file (0600) with the secret by which the nodes of a region know each other, the same for all; made when it is not there',
    schema: file,
  },
  nodeTlsCa: {
    flags: '--node-tls-ca <file>',
    help: 'authority that the other nodes of the region are known by, where they are on several machines',
    schema: file,
  },
  nodeTlsCert: {
    flags: '--node-tls-cert <file>',
    help: 'certificate that this node shows to the other nodes of its region, as a server and as a client',
    schema: file,
  },
  nodeTlsKey: {
    flags: '--node-tls-key <file>',
    help: 'key of --node-tls-cert; refused when others of this machine can read it',
    schema: file,
  },
} as const

export const optionsOfNodes = [
  'node',
  'nodeAt',
  'nodeHost',
  'nodeSecret',
  'nodeTlsCa',
  'nodeTlsCert',
  'nodeTlsKey',
] as const
