/** Drills: choose or change one, start it, watch it, abort it, and read the reports. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, signedIn } from '../console-api.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { Reports } from './reports.tsx'
import { Run } from './run.tsx'
import type { Drills, RunView } from './drills-view.ts'
import { Start } from './start.tsx'

const everyMs = 1000

export function DrillPage() {
  return signedIn.value === true ? <Shown /> : <WantsKey />
}

function Shown() {
  const told = useSignal<Drills | undefined>(undefined)
  const run = useSignal<RunView | undefined>(undefined)
  const work = useDoing()
  const look = (): void =>
    void work.run(async () => {
      const before = run.value
      const { run: now } = await call('drillRun', {})
      run.value = now
      const isOver = before?.endedMs === undefined && now?.endedMs !== undefined
      if (told.value === undefined || isOver) told.value = await call('drills', {})
    })
  useEffect(() => {
    look()
    const timer = setInterval(look, everyMs)
    return () => clearInterval(timer)
  }, [])
  const runs = run.value !== undefined && run.value.endedMs === undefined
  return (
    <>
      <Problem of={work} />
      {run.value === undefined ? null : <Run run={run.value} onChange={look} />}
      <Panel title="Start a drill">
        {told.value === undefined ? (
          <p class="empty">asking the console …</p>
        ) : (
          <Start told={told.value} runs={runs} onStarted={look} />
        )}
      </Panel>
      <Reports reports={told.value?.reports ?? []} />
    </>
  )
}
