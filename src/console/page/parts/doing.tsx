/** An action under way: one at a time, with what came of it. */
import { signal, type Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'

export type Doing = {
  readonly busy: Signal<boolean>
  readonly problem: Signal<string>
  run(work: () => Promise<void>): Promise<void>
}

function doing(): Doing {
  const busy = signal(false)
  const problem = signal('')
  return {
    busy,
    problem,
    run: async (work) => {
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
    },
  }
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
