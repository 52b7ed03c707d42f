/** The header by which a client says which trace its request belongs to (W3C Trace Context). */
export type TraceParent = {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** Of the client's span: 16 hexadecimal digits. */
  readonly spanId: string
  readonly isSampled: boolean
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** Undefined for what is no such header: the request then begins a trace of its own. */
export function traceParentIn(header: string | readonly string[] | undefined): TraceParent | undefined {
  if (typeof header !== 'string') return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = pattern.exec(header.trim()) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Whether a trace without a decision of its client's belongs to the share of traces that are shown. All who ask say the same of a trace. */
export function isInShare(traceId: string, share: number): boolean {
  return Number.parseInt(traceId.slice(-8), 16) < share * 2 ** 32
}
