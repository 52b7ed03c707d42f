/** Benches that hold one kind of server against another, operation by operation: the requests of an operation, and what is told in the end. */
import { rounded, table } from './figures.ts'
import { goals } from './goals.ts'
import { keep } from './machine.ts'
import { middle, middleHalfOf, ratioOf, type Rounds, type Samples } from './measure.ts'
import { type Aim, encodeRequest, operations, spread } from './requests.ts'

export type Size = Pick<Rounds, 'rounds' | 'ms' | 'connections'> & {
  readonly items: number
  /** Pairs of nodes that share the rounds. */
  readonly blocks?: number
}

const requestsMax = 2000

/** Of items that are spread over all of them. */
export function requestsOf(operation: string, aim: Aim, { items }: Pick<Size, 'items'>): readonly Buffer[] {
  const make = operations[operation]
  if (make === undefined) throw new Error(`no operation ${operation}`)
  return spread(requestsMax, items).map((n) => encodeRequest(...make(n, items), aim))
}

/** One operation of both kinds, by the names of their samples; `name` is what the ratio is called. */
export type Pair = { readonly name: string; readonly of: string; readonly over: string }

export type PairsOptions = {
  /** Of the bench: its results are kept under it. */
  readonly bench: string
  readonly root: string
  readonly machine: object
  readonly size: Size
  /** The ratios alone, as JSON. */
  readonly json: boolean
}

const figures = { rate: '', cpuMicros: ', processor time' } as const

export function reportPairs(samples: Samples, pairs: readonly Pair[], options: PairsOptions): void {
  const { bench, root, machine, size, json } = options
  const told: Record<string, object> = {}
  const lines: (readonly (string | number)[])[] = []
  for (const { name, of, over } of pairs)
    for (const figure of ['rate', 'cpuMicros'] as const) {
      const compared = [samples.get(of) ?? [], samples.get(over) ?? []] as const
      const { ratio, least, most } = ratioOf(...compared, figure)
      const half = middleHalfOf(...compared, figure).map(rounded)
      const key = `${name}${figures[figure]}`
      const [goal = '', stretch = ''] = goals[key] ?? []
      const outermost = [rounded(least), rounded(most)]
      told[key] = { ratio: rounded(ratio), middleHalf: half, spread: outermost, goal, stretch }
      lines.push([key, rounded(ratio), half.join(' – '), outermost.join(' – '), goal, stretch])
    }
  const rates = ratesOf(samples)
  const blocks = size.blocks === undefined ? '' : `, by ${size.blocks} pairs of nodes`
  const kept = keep(root, bench, { machine, size, ratios: told, rates })
  if (json) return console.log(JSON.stringify(told, undefined, 1))
  console.log(
    [
      table([['', 'a second', 'CPU µs', 'load busy', 'p50 ms', 'p99 ms'], ...rates]),
      '',
      table([['ratio', '', 'middle half', 'spread', 'goal', 'stretch'], ...lines]),
      '',
      `${size.connections} connections, medians of ${size.rounds} interleaved rounds of ${size.ms} ms${blocks}.`,
      `kept in ${kept}`,
    ].join('\n'),
  )
}

const ratesOf = (samples: Samples): readonly (readonly (string | number)[])[] =>
  [...samples].map(([name, of]) => [
    name,
    Math.round(middle(of, 'rate')),
    rounded(middle(of, 'cpuMicros')),
    `${Math.round(middle(of, 'loadBusy') * 100)} %`,
    rounded(middle(of, 'p50Ms')),
    rounded(middle(of, 'p99Ms')),
  ])
