/** The processes of each region; where `longitude up` runs them, they can be killed and frozen for a time. */
import { Heads } from '../parts/heads.tsx'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../console-calls.ts'
import { partTold } from '../../model/told-commands.ts'
import { durationText } from '../../model/figure-text.ts'
import type { RegionView } from '../../model/console-state.ts'
import { call, signedIn } from '../console-api.ts'
import { state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Copyable } from '../parts/told.tsx'

const everyMs = 2000

export function Nodes() {
  const told = useSignal<ToldOf<'processes'> | undefined>(undefined)
  const work = useDoing()
  useEffect(() => {
    const look = (): void => {
      if (signedIn.value === true) void work.look(async () => void (told.value = await call('processes', {})))
    }
    look()
    const timer = setInterval(look, everyMs)
    return () => clearInterval(timer)
  }, [signedIn.value])
  return (
    <>
      <Panel title="Regions and their processes">
        <Problem of={work} />
        <List states={told.value} />
      </Panel>
      <Panel title="Break a process">
        {told.value?.isRunHere === true ? (
          <Break regions={told.value.regions.map(({ region }) => region)} />
        ) : (
          <p class="empty">
            No `longitude up` runs these regions here, or the page has no key: their processes are not broken from here.
          </p>
        )}
      </Panel>
    </>
  )
}

function List({ states }: { readonly states: ToldOf<'processes'> | undefined }) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="List of the processes">
      <table>
        <Heads of={['Region', 'Health', 'Node', 'NATS server', 'Endpoint', 'Caches', 'Notices']} />
        <tbody>
          {(state.value?.regions ?? []).map((region) => (
            <Line
              key={region.name}
              region={region}
              processes={states?.regions.find((each) => each.region === region.name)}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

type LineProps = {
  readonly region: RegionView
  readonly processes: { readonly node: string; readonly nats: string } | undefined
}

function Line({ region, processes }: LineProps) {
  const { name, health, endpoint, caches, notices, problem } = region
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <span class={`chip ${health === 'ready' ? 'good' : health === 'down' ? 'bad' : 'warn'}`}>{health}</span>
      </td>
      <td>{processes?.node ?? 'unknown'}</td>
      <td>{processes?.nats ?? 'unknown'}</td>
      <td>
        <code>{endpoint}</code>
      </td>
      <td>
        {caches.length === 0
          ? '–'
          : caches
              .map(({ endpoint: at, mode, silentMs }) => `${at}, ${mode}, heard ${durationText(silentMs)} ago`)
              .join('; ')}
      </td>
      <td>{[...(problem === undefined ? [] : [problem]), ...notices].join('; ') || '–'}</td>
    </tr>
  )
}

const kinds = [
  ['kill', 'kill'],
  ['freeze', 'freeze'],
] as const
const parts = [
  ['node', 'the node'],
  ['nats', 'the NATS server'],
] as const
const times = [10, 30, 60, 300] as const

function Break({ regions }: { readonly regions: readonly string[] }) {
  const region = useSignal(regions[0] ?? '')
  const part = useSignal<'node' | 'nats'>('node')
  const kind = useSignal<'kill' | 'freeze'>('kill')
  const seconds = useSignal(30)
  const work = useDoing()
  const given = { region: region.value, part: part.value, kind: kind.value }
  const press = async (): Promise<void> => void (await call('breakPart', { ...given, forMs: seconds.value * 1000 }))
  return (
    <>
      <div class="fields">
        <label class="field">
          Of
          <select value={region.value} onChange={(event) => (region.value = event.currentTarget.value)}>
            {regions.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field">
          What
          <select value={part.value} onChange={(event) => (part.value = event.currentTarget.value as 'node' | 'nats')}>
            {parts.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          How
          <select
            value={kind.value}
            onChange={(event) => (kind.value = event.currentTarget.value as 'kill' | 'freeze')}
          >
            {kinds.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          For
          <select
            value={String(seconds.value)}
            onChange={(event) => (seconds.value = Number(event.currentTarget.value))}
          >
            {times.map((each) => (
              <option key={each} value={String(each)}>
                {each} seconds
              </option>
            ))}
          </select>
        </label>
      </div>
      <button type="button" class="danger" disabled={work.busy.value} onClick={() => void work.run(press)}>
        {kind.value === 'kill' ? 'Kill' : 'Freeze'} it
      </button>
      <Problem of={work} />
      <Copyable label="as a drill step" text={partTold({ ...given, seconds: seconds.value }).step} />
      <p class="hint">It starts again after that time; Heal all starts it sooner.</p>
    </>
  )
}
