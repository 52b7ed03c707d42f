/** Items, with a column for each region; cells that differ from another region's are marked. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Item } from '../../model/edited-values.ts'
import { operationTold } from '../../model/told-commands.ts'
import { capacityText, keyOf, plainWish, type Reading, readingOf, type Wish } from '../../model/wanted-items.ts'
import { call } from '../console-api.ts'
import { regionNames, state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo } from './dynamo.ts'
import { ItemDialog } from './items/item-dialog.tsx'
import { ItemGrid } from './items/item-grid.tsx'
import { ReadingForm } from './reading-form.tsx'
import type { Found, Shown } from './table-parts.ts'

type Starts = Readonly<Record<string, unknown>>

/** Where every region is read, and their keys are put together. */
const everyRegion = ''

export function Items(shown: Shown) {
  const { view, region } = shown
  const wish = useSignal<Wish>(plainWish)
  const where = useSignal(everyRegion)
  const found = useSignal<Found>({ keys: [], answers: [] })
  const starts = useSignal<Starts>({})
  const capacity = useSignal('')
  const opened = useSignal<Item | 'new' | undefined>(undefined)
  const work = useDoing()
  const keysRead = view.indexes.find(({ name }) => name === wish.value.index)?.keys ?? view.keys
  const read = async (from: Starts): Promise<void> => {
    const reading = readingOf(view.name, keysRead, wish.value)
    const pages = await readIn(where.value === everyRegion ? holders(shown) : [where.value], reading, from)
    const keys = distinct(pages.items.map((item) => keyOf(view.keys, item)))
    found.value = {
      keys,
      answers: (await call('items', { table: view.name, keys: [...keys] as Record<string, Item[string]>[] })).regions,
    }
    starts.value = pages.starts
    capacity.value = pages.capacity
  }
  const again = (): void => void work.look(async () => await read({}))
  useEffect(again, [])
  return (
    <>
      <Panel title="Read">
        <ReadingForm view={view} wish={wish} where={where} onRead={again} isBusy={work.busy.value} />
        <Problem of={work} />
        <ReadingTold
          view={view}
          keys={keysRead}
          wish={wish.value}
          region={where.value === everyRegion ? region : where.value}
        />
      </Panel>
      <Panel
        title="Items"
        aside={
          <div class="row">
            <span class="hint">consumed: {capacity.value}</span>
            <button type="button" onClick={() => (opened.value = 'new')}>
              New item
            </button>
          </div>
        }
      >
        <ItemGrid keys={view.keys} found={found.value} onOpen={(key) => (opened.value = key)} />
        <button
          type="button"
          disabled={work.busy.value || Object.keys(starts.value).length === 0}
          onClick={() => void work.run(async () => await read(starts.value))}
        >
          Next page
        </button>
      </Panel>
      {opened.value === undefined ? null : (
        <ItemDialog
          view={view}
          itemKey={opened.value === 'new' ? undefined : opened.value}
          onClose={() => {
            opened.value = undefined
            again()
          }}
        />
      )}
    </>
  )
}

/** A table names its other replicas only. */
function holders({ view, region }: Shown): readonly string[] {
  return regionNames.value.filter((name) => name === region || view.replicas.some((each) => each.region === name))
}

/** A region that has not got the table, or does not answer, is left out as long as another one answers. */
async function readIn(regions: readonly string[], { operation, input }: Reading, from: Starts) {
  const isFirst = Object.keys(from).length === 0
  const asked = regions.filter((region) => isFirst || from[region] !== undefined)
  const told = await Promise.allSettled(
    asked.map(async (region) => {
      const start = from[region] === undefined ? {} : { ExclusiveStartKey: from[region] }
      return { region, output: await dynamo(region, operation, { ...input, ...start }) }
    }),
  )
  const pages = told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const [failed] = told.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (pages.length === 0 && failed !== undefined) throw failed
  return {
    items: pages.flatMap(({ output }) => (Array.isArray(output['Items']) ? (output['Items'] as readonly Item[]) : [])),
    starts: Object.fromEntries(
      pages.flatMap(({ region, output }) => {
        const next = output['LastEvaluatedKey']
        return next === undefined ? [] : [[region, next]]
      }),
    ),
    capacity: pages.map(({ region, output }) => `${region} ${capacityText(output)}`).join(', '),
  }
}

/** As many as one request for rows may name. */
const keysMax = 100

function distinct(keys: readonly Item[]): readonly Item[] {
  return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()].slice(0, keysMax)
}

type ToldProps = {
  readonly view: Shown['view']
  readonly keys: Shown['view']['keys']
  readonly wish: Wish
  readonly region: string
}

function ReadingTold({ view, keys, wish, region }: ToldProps) {
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  try {
    const { operation, input } = readingOf(view.name, keys, wish)
    return <ToldAs told={operationTold(operation, input, { region, endpoint })} />
  } catch {
    return null
  }
}
