export const exitCode = {
  /** A Failure: starting again without changing anything will not help. */
  failure: 1,
  /** A broken invariant, after sysexits.h's EX_SOFTWARE; the supervisor starts the process again. */
  brokenInvariant: 70,
} as const

/** What was asked cannot be found out: neither yes nor no. */
export const unknownStatus = 2
/** After sysexits.h's EX_USAGE: nothing was done. */
export const usageStatus = 64

/**
 * What a person at the command line can do something about: told in one sentence, without a stack. Anything else that
 * is thrown is a bug of ours and is printed with its stack.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  /** With which the command ends. */
  readonly status: number

  constructor(message: string, status: number = exitCode.failure) {
    super(message)
    this.status = status
  }
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

/** The code of a system error, such as EADDRINUSE. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
