/** Everything that can be done to a link, by native inputs: cut, slow, heal, pause; and the same as commands to copy. */
import { useSignal } from '@preact/signals'
import { healTold, type LinkChange, linkName, pauseTold, resumeTold, setLinksTold } from '../../model/told-commands.ts'
import { faultText, lagText, roundTripText, toneOf, trafficText, wordOf } from '../../model/direction-word.ts'
import type { Direction } from '../../model/console-state.ts'
import { call, signedIn } from '../console-api.ts'
import { directionOf } from '../live.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { changeOf, heal, lay } from './act.ts'
import { type Chosen, durations, lasts } from './choice.ts'

const pauseMs: Readonly<Record<string, number>> = { '30s': 30_000, '5m': 300_000, '1h': 3_600_000 }

export function LinkDialog({ from, to, onClose }: Chosen & { readonly onClose: () => void }) {
  const both = useSignal(true)
  const direction = directionOf(from, to)
  const name = linkName(from, to, both.value)
  return (
    <Dialog title={`${from} to ${to}`} onClose={onClose}>
      {direction === undefined ? <p>This link is not there any more.</p> : <Facts direction={direction} />}
      <fieldset class="row">
        <legend>What is set below is set</legend>
        <label>
          <input type="radio" name="ways" checked={both.value} onChange={() => (both.value = true)} /> both ways
        </label>
        <label>
          <input type="radio" name="ways" checked={!both.value} onChange={() => (both.value = false)} /> only from{' '}
          {from} to {to}
        </label>
      </fieldset>
      <Setting name={name} from={from} to={to} direction={direction} />
    </Dialog>
  )
}

function Facts({ direction }: { readonly direction: Direction }) {
  const word = wordOf(direction)
  const { set, seen } = roundTripText(direction)
  const facts = [
    ['Round trip', `set ${set}, seen ${seen}`],
    ['Behind', lagText(direction)],
    ['Traffic', trafficText(direction)],
    ...(direction.reason === undefined ? [] : [['Why', direction.reason]]),
    ...(direction.link?.faults ?? []).map((fault) => ['Fault', faultText(fault)]),
  ]
  return (
    <dl class="facts">
      <dt>State</dt>
      <dd>
        <span class={`chip ${toneOf[word]}`}>{word}</span>
      </dd>
      {facts.map(([term, text]) => (
        <>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </>
      ))}
    </dl>
  )
}

type SettingProps = Chosen & { readonly name: string; readonly direction: Direction | undefined }

function Setting({ name, from, to, direction }: SettingProps) {
  const work = useDoing()
  const shape = useSignal({ rtt: '', jitter: '', bandwidth: '', stall: '' })
  const shown = useSignal<LinkChange>(changeOf([name], { state: 'down', for: lasts.value }))
  const able = signedIn.value === true && direction?.link !== undefined && !work.busy.value
  const set = (given: Omit<LinkChange, 'links'>): void => {
    const change = changeOf([name], { ...given, for: lasts.value })
    shown.value = change
    void work.run(async () => await lay(change))
  }
  const slower = changeOf([name], { ...shape.value, for: lasts.value })
  const isSlower = Object.values(shape.value).some((value) => value !== '')
  return (
    <>
      <LastsField />
      <div class="row buttons">
        <button type="button" class="danger" disabled={!able} onClick={() => set({ state: 'down' })}>
          Cut
        </button>
        <button type="button" disabled={!able} onClick={() => set({ state: 'reset' })}>
          Reset connections
        </button>
        <button
          type="button"
          class="primary"
          disabled={!able}
          onClick={() => void work.run(async () => await heal([name]))}
        >
          Heal
        </button>
      </div>
      <ShapeFields shape={shape.value} onChange={(changed) => (shape.value = { ...shape.value, ...changed })} />
      <div class="row buttons">
        <button type="button" disabled={!able || !isSlower} onClick={() => set(shape.value)}>
          Slow
        </button>
        <PauseButtons from={from} to={to} isPaused={direction?.pausedUntilMs !== undefined} />
      </div>
      <Problem of={work} />
      <h3>The same elsewhere</h3>
      <ToldAs told={setLinksTold(isSlower ? slower : { ...shown.value, links: [name] })} />
      <ToldAs told={healTold([name])} />
      <ToldAs told={pauseTold({ link: linkName(from, to, true) }, lasts.value || '5m')} />
    </>
  )
}

function LastsField() {
  return (
    <label class="field">
      Lasts
      <select value={lasts.value} onChange={(event) => (lasts.value = event.currentTarget.value)}>
        {durations.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

type ShapeProps = {
  readonly shape: Readonly<Record<'rtt' | 'jitter' | 'bandwidth' | 'stall', string>>
  readonly onChange: (changed: object) => void
}

const shapeFields = [
  ['rtt', 'Round trip', '250ms'],
  ['jitter', 'Jitter', '20ms'],
  ['bandwidth', 'Bandwidth', '5mbit'],
  ['stall', 'Stalls', '5%/300ms'],
] as const

function ShapeFields({ shape, onChange }: ShapeProps) {
  return (
    <div class="fields">
      {shapeFields.map(([name, label, example]) => (
        <label key={name} class="field">
          {label}
          <input
            name={name}
            value={shape[name]}
            placeholder={example}
            maxLength={32}
            onInput={(event) => onChange({ [name]: event.currentTarget.value.trim() })}
          />
        </label>
      ))}
    </div>
  )
}

function PauseButtons({ from, to, isPaused }: Chosen & { readonly isPaused: boolean }) {
  const work = useDoing()
  const link: [string, string] = [from, to]
  const told = isPaused
    ? resumeTold({ link: linkName(from, to, true) })
    : pauseTold({ link: linkName(from, to, true) }, '5m')
  const press = async (): Promise<void> => {
    const { regions } = isPaused
      ? await call('resume', { link })
      : await call('pause', { link, forMs: pauseMs[lasts.value] ?? 300_000 })
    const failed = regions.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
    if (failed.length > 0) throw new Error(failed.join('; '))
  }
  return (
    <>
      <button
        type="button"
        title={told.command}
        disabled={signedIn.value !== true || work.busy.value}
        onClick={() => void work.run(press)}
      >
        {isPaused ? 'Resume replication' : 'Pause replication, both ways'}
      </button>
      <Problem of={work} />
    </>
  )
}
