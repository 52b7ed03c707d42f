export interface Random {
  bytes(count: number): Buffer
  /** At least 0, below 1. */
  fraction(): number
  uuid(): string
}
