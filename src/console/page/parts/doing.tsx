/** An action under way: one at a time, with what came of it. What is pressed meanwhile does nothing; what is to be looked at comes next. */
import { signal, type Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'

export type Doing = {
  readonly busy: Signal<boolean>
  readonly problem: Signal<string>
  run(work: () => Promise<void>): Promise<void>
  /** Once nothing else is under way. Of several that wait, the last one alone: the others are about what is no longer shown. */
  look(work: () => Promise<void>): Promise<void>
}

function doing(): Doing {
  const busy = signal(false)
  const problem = signal('')
  let next: (() => Promise<void>) | undefined
  const run = async (work: () => Promise<void>): Promise<void> => {
    if (busy.value) return
    busy.value = true
    problem.value = ''
    try {
      await work()
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    } finally {
      busy.value = false
    }
    const waiting = next
    next = undefined
    if (waiting !== undefined) await run(waiting)
  }
  const look = async (work: () => Promise<void>): Promise<void> => {
    if (busy.value) next = work
    else await run(work)
  }
  return { busy, problem, run, look }
}

export function useDoing(): Doing {
  return useMemo(doing, [])
}

export function Problem({ of }: { readonly of: Doing }) {
  return of.problem.value === '' ? null : (
    <p class="problem" role="alert">
      {of.problem.value}
    </p>
  )
}

type PanelProps = { readonly title: string; readonly children: ComponentChildren; readonly aside?: ComponentChildren }

export function Panel({ title, children, aside }: PanelProps) {
  const id = `panel-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
  return (
    <section class="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}
