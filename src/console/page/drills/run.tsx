/** The drill that runs, or the last that ran: what happened so far, the newest at the end. */
import { useEffect, useRef } from 'preact/hooks'
import { type DrillLine, withoutBegun } from '../../model/drill-lines.ts'
import { durationText, momentText } from '../../model/figure-text.ts'
import { call } from '../console-api.ts'
import { state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import type { RunView } from './drills-view.ts'

const tones: Readonly<Record<RunView['state'], string>> = {
  running: 'warn',
  ending: 'warn',
  passed: 'good',
  failed: 'bad',
  'could not run': 'bad',
  aborted: 'quiet',
}
const marks: Readonly<Record<DrillLine['mark'], string>> = { done: '✓', failed: '✗', begun: '…', told: '' }
const said: Readonly<Record<DrillLine['mark'], string>> = { done: 'done', failed: 'failed', begun: 'begun', told: '' }

type Props = { readonly run: RunView; readonly onChange: () => void }

export function Run({ run, onChange }: Props) {
  const work = useDoing()
  const { name, title, startedMs, endedMs, state: now, lines } = run
  const lasted = (endedMs ?? state.value?.atMs ?? startedMs) - startedMs
  const abort = async (): Promise<void> => {
    await call('abortDrill', {})
    onChange()
  }
  return (
    <Panel
      title={endedMs === undefined ? 'The drill that runs' : 'The last drill'}
      aside={
        <button type="button" disabled={now !== 'running' || work.busy.value} onClick={() => void work.run(abort)}>
          Abort
        </button>
      }
    >
      <p role="status">
        <strong>{name}</strong>: {title} <span class={`chip ${tones[now]}`}>{now}</span> since{' '}
        {momentText(startedMs).slice(11, 19)}, {durationText(Math.max(0, lasted))}
      </p>
      <Problem of={work} />
      <Lines lines={withoutBegun(lines)} />
      {endedMs === undefined ? (
        <p class="hint">
          Abort is Ctrl-C on the command line. `longitude drill restore` mends what a drill broke that was killed.
        </p>
      ) : null}
    </Panel>
  )
}

function Lines({ lines }: { readonly lines: readonly DrillLine[] }) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (list.current !== null) list.current.scrollTop = list.current.scrollHeight
  }, [lines.length])
  return (
    <div ref={list} class="scrolls tall" tabIndex={0} role="region" aria-label="What happened in the drill">
      <table class="lines">
        <tbody>
          {lines.map(({ at, mark, text }, index) => (
            <tr key={index} class={at === undefined ? 'summary' : mark}>
              <td>{at ?? ''}</td>
              <td>
                <span aria-hidden="true">{marks[mark]}</span>
                <span class="unseen">{said[mark]}</span>
              </td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
