/** What is sent to functions, in every region: state, lag and last result. */
import { Heads } from '../parts/heads.tsx'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../console-calls.ts'
import { call } from '../console-api.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Copyable } from '../parts/told.tsx'

const everyMs = 2000

export function Triggers() {
  const told = useSignal<ToldOf<'triggers'>>({ triggers: [], problems: [] })
  const work = useDoing()
  useEffect(() => {
    const look = (): void => void work.look(async () => void (told.value = await call('triggers', {})))
    look()
    const timer = setInterval(look, everyMs)
    return () => clearInterval(timer)
  }, [])
  const { triggers, problems } = told.value
  return (
    <Panel title="Event source mappings">
      <Problem of={work} />
      {problems.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      {triggers.length === 0 ? (
        <p class="empty">No region sends a stream to a function.</p>
      ) : (
        <List triggers={triggers} />
      )}
      <Copyable label="as a command" text="longitude triggers" />
    </Panel>
  )
}

function List({ triggers }: Pick<ToldOf<'triggers'>, 'triggers'>) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="List of the triggers">
      <table>
        <Heads of={['Region', 'Function', 'Table', 'State', 'Lag', 'Last result']} />
        <tbody>
          {triggers.map(({ region, uuid, function: name, table, state, lagSeconds, lastResult }) => (
            <tr key={`${region} ${uuid}`}>
              <th scope="row">{region}</th>
              <td>{name}</td>
              <td>{table ?? 'unknown'}</td>
              <td>
                <span class={`chip ${state === 'Enabled' ? 'good' : 'warn'}`}>{state}</span>
              </td>
              <td>{lagSeconds === undefined ? 'unknown' : lagSeconds === 0 ? 'all sent' : `${lagSeconds} s`}</td>
              <td>{lastResult ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
