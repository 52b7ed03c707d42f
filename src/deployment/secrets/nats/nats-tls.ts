/** The block `tls` of a nats-server's configuration, for clients or, within another block, for routes. */
export type NatsTls = {
  /** Paths, as the server sees them. */
  readonly cert: string
  readonly key: string
  /** By which the other side's certificate is known. */
  readonly ca?: string
  /** The other side has to show one, whose name may decide which user it is. */
  readonly verify?: 'verify' | 'verify_and_map'
  readonly timeoutSeconds?: number
}

export function natsTlsBlock({ cert, key, ca, verify, timeoutSeconds = 10 }: NatsTls): readonly string[] {
  return [
    'tls {',
    `  cert_file: ${JSON.stringify(cert)}`,
    `  key_file: ${JSON.stringify(key)}`,
    ...(ca === undefined ? [] : [`  ca_file: ${JSON.stringify(ca)}`]),
    ...(verify === undefined ? [] : [`  ${verify}: true`]),
    `  timeout: ${timeoutSeconds}`,
    '}',
  ]
}
