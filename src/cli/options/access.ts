/** The options of who may speak to our ports: browsers' pages, names, and the token of administration. Rows of rows.ts. */
import { z } from 'zod'

const texts = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== '')),
])
const origin = z.string().regex(/^(\*|https?:\/\/[^/\s]+)$/, 'origins such as http://localhost:3000, or *')
const hostName = z.string().regex(/^[A-Za-z0-9._-]+$/, 'names without ports')

export const accessOptions = {
  identities: {
    flags: '--identities <file>',
    help: 'users with their access keys, groups, roles and policies (JSON, docs/operating/access.md): signatures are verified by their keys',
    schema: z.string().min(1).optional(),
  },
  access: {
    flags: '--access <mode>',
    help: 'what policies decide: off, nothing; audit, what would be denied is logged and counted; strict, it is denied (needs --identities)',
    schema: z.enum(['off', 'audit', 'strict'], 'off, audit or strict'),
    default: 'off',
  },
  auditLog: {
    flags: '--audit-log <file>',
    help: 'who asked for what, a JSON object a line (of `up`: REGION in the name is the region); rotated, without items and secrets',
    schema: z.string().min(1).optional(),
  },
  auditData: {
    flags: '--audit-data',
    help: 'the audit log also tells of reading and writing items; not together with --workers',
    schema: z.union([z.boolean(), z.stringbool()], 'true or false'),
    default: false,
  },
  anyCredentials: {
    flags: '--any-credentials',
    help: 'listen for other machines although no signatures are verified: every client that reaches the port may do everything',
    schema: z.union([z.boolean(), z.stringbool()], 'true or false'),
    default: false,
  },
  privateListen: {
    flags: '--private-listen <place>',
    help: 'another listener for the API alone, as a VPC endpoint is: unix:PATH or HOST:PORT (of `up`: unix:PATH with REGION in it; of `balancer`: unix:PATH, and its nodes listen at PATH.NODE)',
    schema: z
      .string()
      .regex(/^(unix:.+|(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5})$/, 'unix:PATH or HOST:PORT')
      .optional(),
  },
  privatePolicy: {
    flags: '--private-policy <file>',
    help: 'policy of the private listener (JSON): what it does not allow is denied there; followed while the program runs (needs --access audit or strict)',
    schema: z.string().min(1).optional(),
  },
  privateId: {
    flags: '--private-id <id>',
    help: 'value of aws:SourceVpce for requests by the private listener (default: made of region and place)',
    schema: z
      .string()
      .regex(/^vpce-[0-9a-z]{1,40}$/, 'vpce- and small letters or digits')
      .optional(),
  },
  cors: {
    flags: '--cors <origins>',
    help: 'origins whose pages may use the API, such as http://localhost:3000, separated by commas; * for all; none when not given',
    schema: texts.pipe(z.array(origin)),
    default: [],
    repeatable: true,
  },
  hostNames: {
    flags: '--host-names <names>',
    help: 'names beside localhost under which requests on the loopback are served, as those of a proxy on this machine',
    schema: texts.pipe(z.array(hostName)),
    default: [],
    repeatable: true,
  },
  adminToken: {
    flags: '--admin-token <token>',
    isSecret: true,
    help: 'token of the administration (better: LONGITUDE_ADMIN_TOKEN, or the file)',
    // An empty variable, as Compose passes on one that is not set, is none.
    schema: z
      .union([
        z.literal('').transform(() => undefined),
        z.string().regex(/^[\x21-\x7e]{16,256}$/, '16 to 256 printable characters'),
      ])
      .optional(),
  },
  adminTokenFile: {
    flags: '--admin-token-file <file>',
    help: 'file with the token of the administration, made when it is not there (default: admin-token in the data folder)',
    schema: z.string().min(1).optional(),
  },
} as const

/** Of what serves the API. */
export const apiAccessOptions = [
  'identities',
  'access',
  'auditLog',
  'auditData',
  'privateListen',
  'privatePolicy',
  'privateId',
  'anyCredentials',
  'cors',
  'hostNames',
  'adminToken',
  'adminTokenFile',
] as const
/** Of what asks for administration, or serves nothing but that. */
export const adminOptions = ['adminToken', 'adminTokenFile', 'tlsCa'] as const
