/** One of the drills that come with Longitude, as it is or changed, and its start. */
import { useSignal } from '@preact/signals'
import { drillTold } from '../../model/told-commands.ts'
import { about, call } from '../console-api.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Problem, useDoing } from '../parts/doing.tsx'
import { Copyable } from '../parts/told.tsx'
import type { Drills } from './drills-view.ts'

type Drill = Drills['drills'][number]
type Props = { readonly told: Drills; readonly runs: boolean; readonly onStarted: () => void }

export function Start({ told, runs, onStarted }: Props) {
  const { drills, isRunHere } = told
  const name = useSignal(drills[0]?.name ?? '')
  const text = useSignal(drills[0]?.text ?? '')
  const allowHarm = useSignal(false)
  const asking = useSignal(false)
  const drill = drills.find((each) => each.name === name.value)
  const isChanged = text.value !== drill?.text
  return (
    <>
      <div class="fields">
        <label class="field">
          Drill
          <select
            value={name.value}
            onChange={(event) => {
              name.value = event.currentTarget.value
              text.value = drills.find((each) => each.name === name.value)?.text ?? ''
              allowHarm.value = false
            }}
          >
            {drills.map(({ name: each, title }) => (
              <option key={each} value={each}>
                {each}: {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label class="field">
        The drill file, which may be changed
        <textarea
          rows={12}
          spellcheck={false}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      {drill === undefined || isChanged ? null : <Warnings drill={drill} />}
      <div class="row">
        <button
          type="button"
          class="danger"
          disabled={!isRunHere || runs || (drill?.problem !== undefined && !isChanged)}
          onClick={() => (asking.value = true)}
        >
          Start …
        </button>
        <label>
          <input
            type="checkbox"
            checked={allowHarm.value}
            onChange={(event) => (allowHarm.value = event.currentTarget.checked)}
          />{' '}
          It may wipe disks and step clocks, which harms other tables too
        </label>
      </div>
      {isRunHere ? null : <Elsewhere />}
      <Copyable
        label="as a command"
        text={drillTold(isChanged ? 'mine.yaml' : name.value, { allowHarm: allowHarm.value })}
      />
      {asking.value ? (
        <Consent
          name={isChanged ? 'this changed drill' : name.value}
          asked={{ text: text.value, allowHarm: allowHarm.value }}
          onClose={() => (asking.value = false)}
          onStarted={onStarted}
        />
      ) : null}
    </>
  )
}

function Elsewhere() {
  return (
    <p class="hint">
      No `longitude up` runs these regions here, so a drill is started by the command line; with Compose by --compose
      and its file.
    </p>
  )
}

function Warnings({ drill: { problem, isHarmful } }: { readonly drill: Drill }) {
  return (
    <>
      {problem === undefined ? null : <p class="problem">It cannot be run here: {problem}.</p>}
      {isHarmful ? (
        <p class="hint">It wipes disks or steps clocks: it is refused unless that is allowed below.</p>
      ) : null}
    </>
  )
}

type ConsentProps = {
  readonly name: string
  readonly asked: { readonly text: string; readonly allowHarm: boolean }
  readonly onClose: () => void
  readonly onStarted: () => void
}

function Consent({ name, asked, onClose, onStarted }: ConsentProps) {
  const work = useDoing()
  const start = async (): Promise<void> => {
    await call('startDrill', asked)
    onClose()
    onStarted()
  }
  return (
    <Dialog title="Start a drill" onClose={onClose}>
      <p>
        {name} breaks what runs on {about.value?.name ?? 'this deployment'}, and its clients write to a table of their
        own. It mends everything at its end, and when it is aborted.
      </p>
      <div class="row">
        <button type="button" class="danger" disabled={work.busy.value} onClick={() => void work.run(start)}>
          Start
        </button>
        <button type="button" onClick={onClose}>
          Leave it
        </button>
      </div>
      <Problem of={work} />
    </Dialog>
  )
}
