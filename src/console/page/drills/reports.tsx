/** The reports of drills that this console has started, each in a frame that may do nothing. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { durationText, momentText } from '../../model/figure-text.ts'
import { call } from '../console-api.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Heads } from '../parts/heads.tsx'
import type { Drills } from './drills-view.ts'

type Report = Drills['reports'][number]

export function Reports({ reports }: { readonly reports: readonly Report[] }) {
  const opened = useSignal<Report | undefined>(undefined)
  return (
    <Panel title="Reports">
      {reports.length === 0 ? (
        <p class="empty">No drill of this console has come to its end yet.</p>
      ) : (
        <div class="scrolls tall" tabIndex={0} role="region" aria-label="List of the reports">
          <table>
            <Heads of={['Report', 'Outcome', 'Began', 'Lasted', 'Targets not met']} />
            <tbody>
              {reports.map((report) => (
                <Line key={report.id} report={report} onOpen={() => (opened.value = report)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {opened.value === undefined ? null : (
        <ReportDialog report={opened.value} onClose={() => (opened.value = undefined)} />
      )}
    </Panel>
  )
}

function Line({ report, onOpen }: { readonly report: Report; readonly onOpen: () => void }) {
  const { name, outcome, startedMs, endedMs, verdicts } = report
  const missed = verdicts.filter(({ pass }) => !pass)
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" onClick={onOpen}>
          {name}
        </button>
      </th>
      <td>
        <span class={`chip ${outcome === 'pass' ? 'good' : 'bad'}`}>{outcome}</span>
      </td>
      <td>{momentText(startedMs).slice(0, 19)}</td>
      <td>{durationText(endedMs - startedMs)}</td>
      <td>
        {missed.length === 0
          ? `none of ${verdicts.length}`
          : missed.map(({ target, wanted, found }) => `${target}: ${found}, wanted ${wanted}`).join('; ')}
      </td>
    </tr>
  )
}

function ReportDialog({ report, onClose }: { readonly report: Report; readonly onClose: () => void }) {
  const path = useSignal('')
  const work = useDoing()
  useEffect(() => {
    void work.run(async () => void (path.value = (await call('drillReport', { id: report.id })).path))
  }, [])
  return (
    <Dialog title={`Report of ${report.name}`} onClose={onClose} wide>
      <Problem of={work} />
      {path.value === '' ? null : (
        <>
          <iframe class="report" title={`Report of ${report.name}`} sandbox="" src={path.value} />
          <p class="hint">
            <a href={path.value} target="_blank" rel="noreferrer">
              Open it in a tab of its own
            </a>
            , within five minutes.
          </p>
        </>
      )}
    </Dialog>
  )
}
