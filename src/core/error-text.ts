/** Returns what was thrown as text, without its stack and its causes. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
