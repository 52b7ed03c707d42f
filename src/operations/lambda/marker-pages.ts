/** Lists in pages: a marker names the last entry of the page before. */
import { LambdaError } from '../../core/triggers/lambda-error.ts'

const maxItemsMax = 10_000

export type Paging<T> = { readonly nameOf: (each: T) => string; readonly max: number }

/** `all` are in the order of their names. */
export function pageOf<T>(
  all: readonly T[],
  query: URLSearchParams,
  { nameOf, max }: Paging<T>,
): { readonly page: readonly T[]; readonly next: string | undefined } {
  const marker = query.get('Marker') ?? ''
  const limit = Math.min(max, maxItemsOf(query.get('MaxItems')) ?? max)
  const rest = all.filter((each) => nameOf(each) > marker)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return { page, next: rest.length > page.length && last !== undefined ? nameOf(last) : undefined }
}

function maxItemsOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const count = Number(text)
  const wrong =
    !/^-?\d+$/.test(text) || count < 1
      ? 'greater than or equal to 1'
      : count > maxItemsMax
        ? `less than or equal to ${maxItemsMax}`
        : undefined
  if (wrong === undefined) return count
  throw new LambdaError(
    'ValidationException',
    `1 validation error detected: Value '${text}' at 'maxItems' failed to satisfy constraint: Member must have value ${wrong}`,
  )
}
