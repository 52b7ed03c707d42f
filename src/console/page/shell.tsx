/** What is on every page: the way to the others, whether the state is fresh, the faults that are laid, and the end of all of them. */
import { healTold } from '../model/told-commands.ts'
import { about, call, signedIn, signIn } from './console-api.ts'
import { connection, said, state } from './live.ts'
import { Problem, useDoing } from './parts/doing.tsx'
import { Copyable } from './parts/told.tsx'
import { addressOf, route } from './page-route.ts'
import { pages } from './pages.ts'

export function Shell() {
  const page = pages.find(({ name }) => name === route.value[0]) ?? pages[0]
  return (
    <>
      <a class="skip" href="#main">
        to the content
      </a>
      <header class="top">
        <p class="brand">
          Longitude <span>{about.value?.name.split('/').slice(-2).join('/') ?? ''}</span>
        </p>
        <nav aria-label="Pages">
          {pages.map(({ name, title }) => (
            <a key={name} href={addressOf(name)} aria-current={name === page.name ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <Freshness />
        <HealAll />
      </header>
      {signedIn.value === false ? <SignIn /> : null}
      <main id="main" tabIndex={-1}>
        <h1>{page.title}</h1>
        {state.value === undefined ? <p>asking the regions …</p> : <page.View />}
      </main>
      <div class="unseen" aria-live="polite">
        {said.value}
      </div>
    </>
  )
}

function Freshness() {
  const words = { connecting: 'connecting …', live: 'live', lost: 'connection lost: what you see is old' } as const
  return <p class={`freshness ${connection.value}`}>{words[connection.value]}</p>
}

function HealAll() {
  const work = useDoing()
  const faults = new Set(state.value?.directions.flatMap(({ link }) => link?.faults.map(({ id }) => id) ?? []))
  return (
    <div class="heal-all">
      <button
        type="button"
        class={faults.size > 0 ? 'primary' : ''}
        disabled={signedIn.value !== true || work.busy.value}
        title={healTold().command}
        onClick={() => void work.run(async () => void (await call('heal', {})))}
      >
        Heal all{faults.size > 0 ? ` (${faults.size})` : ''}
      </button>
      <Problem of={work} />
    </div>
  )
}

function SignIn() {
  const work = useDoing()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const given = new FormData(event.currentTarget as HTMLFormElement).get('key')
    void work.run(async () => {
      await signIn(typeof given === 'string' ? given : '')
      if (signedIn.value !== true) throw new Error('this is not the key of this console')
    })
  }
  return (
    <section class="sign-in" aria-label="Sign in">
      <p>
        Without the key this page only shows regions and links. The key is in the address that this command prints;
        paste the address here, or open it.
      </p>
      <Copyable label="prints the address" text="longitude console --url" />
      <form onSubmit={submit}>
        <label>
          Address or key <input name="key" type="password" autocomplete="off" required />
        </label>
        <button type="submit" disabled={work.busy.value}>
          Sign in
        </button>
      </form>
      <Problem of={work} />
    </section>
  )
}
