/**
 * A control protocol as one table: for each call its path, the shape of what is asked and the shape of what is told. The server checks what it is asked by
 * the table (control/server.ts), and the client what it is told (below), so the two cannot come apart.
 */
import type { z } from 'zod'
import { exchange } from '../../process/requests/exchange.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { adminHeaders } from '../endpoints.ts'

export type Call<Asked extends z.ZodType = z.ZodType, Told extends z.ZodType = z.ZodType> = {
  readonly route: `GET /${string}` | `POST /${string}`
  /** The body, JSON; of a call without a body an empty object. */
  readonly asked: Asked
  readonly told: Told
  /** Whether it is answered without the deployment's token. */
  readonly isOpen?: true
}

export type Calls = Readonly<Record<string, Call>>

/** What was asked for is not here, though it may be elsewhere: status 404. */
export class NotHere extends Failure {}

export type Asking = {
  /** Such as http://127.0.0.1:8199. */
  readonly url: string
  readonly token: string | undefined
  readonly timeoutMs: number
  /** Who answers there, for messages. */
  readonly whom: string
}

/** Resolves with what is told, checked. Rejects with a Failure, of which a NotHere is one kind. */
export async function ask<Asked extends z.ZodType, Told extends z.ZodType>(
  call: Call<Asked, Told>,
  body: z.input<Asked>,
  { url, token, timeoutMs, whom }: Asking,
): Promise<z.output<Told>> {
  const [method, path] = call.route.split(' ') as [string, string]
  const headers = { ...adminHeaders(token), 'content-type': 'application/json' }
  const sent = method === 'GET' ? {} : { body: JSON.stringify(body) }
  let status: number
  let answer: unknown
  try {
    const exchanged = await exchange(`${url}${path}`, { method, headers, ...sent, timeoutMs })
    status = exchanged.status
    answer = JSON.parse(exchanged.text) as unknown
  } catch (error) {
    throw new Failure(`${whom} does not answer: ${messageOf(error)}`)
  }
  if (status !== 200) {
    const problem = errorIn(answer) ?? `${whom} answers ${status}`
    throw status === 404 ? new NotHere(problem) : new Failure(problem)
  }
  const told = call.told.safeParse(answer)
  if (!told.success) throw new Failure(`${whom} answers ${call.route} with something else than this version expects`)
  return told.data
}

function errorIn(answer: unknown): string | undefined {
  const error = (answer as { readonly error?: unknown } | null)?.error
  return typeof error === 'string' ? error : undefined
}
