/** Who may do what, and why: an explanation of one request, what was denied, the identities, and what is usually wrong in their policies. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../console-calls.ts'
import { about, call, signedIn } from '../console-api.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Heads } from '../parts/heads.tsx'
import { Copyable } from '../parts/told.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { Explain } from './explain.tsx'

type Told = ToldOf<'access'>
type Identities = NonNullable<Told['identities']>

export function Access() {
  return signedIn.value === true ? <Shown /> : <WantsKey />
}

function Shown() {
  const told = useSignal<Told | undefined>(undefined)
  const work = useDoing()
  const look = (): void => void work.look(async () => void (told.value = await call('access', {})))
  useEffect(look, [])
  const { identities, denials = [], problems = [], mode } = told.value ?? {}
  return (
    <>
      <Panel
        title="May somebody do something?"
        aside={
          <button type="button" disabled={work.busy.value} onClick={look}>
            Look again
          </button>
        }
      >
        <Problem of={work} />
        {told.value === undefined ? null : <Mode mode={mode} />}
        {identities === undefined || told.value === undefined ? null : (
          <Explain identities={identities} actions={told.value.actions} />
        )}
      </Panel>
      <Denials denials={denials} problems={problems} />
      {identities === undefined ? null : (
        <>
          <People identities={identities} />
          <Findings findings={identities.findings} />
        </>
      )}
    </>
  )
}

function Mode({ mode }: { readonly mode: Told['mode'] | undefined }) {
  const as = about.value?.as
  return (
    <p class="hint">
      {mode === undefined
        ? 'There is no file of identities: no policy decides anything, and every key that may sign may do everything.'
        : modes[mode]}{' '}
      {as === undefined ? 'Signatures are not verified here.' : `This page’s own requests are signed by ${as}.`}
    </p>
  )
}

const modes: Readonly<Record<NonNullable<Told['mode']>, string>> = {
  off: 'Policies decide nothing here (--access off): what is said below would hold with --access strict.',
  audit: 'Everything is served (--access audit): what policies would deny is counted below.',
  strict: 'What policies do not allow is refused (--access strict).',
}

function Denials({ denials, problems }: Pick<Told, 'denials' | 'problems'>) {
  return (
    <Panel title="Denied so far">
      {problems.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      {denials.length === 0 ? (
        <p class="empty">No permission was denied since the regions started.</p>
      ) : (
        <div class="scrolls tall" tabIndex={0} role="region" aria-label="Denied permissions">
          <table>
            <Heads of={['Action', 'Region', 'Times', 'What became of it']} />
            <tbody>
              {denials.map(({ action, region, mode, count }) => (
                <tr key={`${region} ${action} ${mode}`}>
                  <th scope="row">{action}</th>
                  <td>{region}</td>
                  <td>{count}</td>
                  <td>
                    <span class={`chip ${mode === 'strict' ? 'bad' : 'warn'}`}>
                      {mode === 'strict' ? 'refused' : 'served, counted only'}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function People({ identities: { principals, count } }: { readonly identities: Identities }) {
  return (
    <Panel title={`${count} users and roles`}>
      <div class="scrolls tall" tabIndex={0} role="region" aria-label="Users and roles">
        <table>
          <Heads of={['Name', 'Kind', 'Groups', 'Policies', 'Boundary', 'Active keys']} />
          <tbody>
            {principals.map(({ name, arn, kind, groups, policies, boundary, keys }) => (
              <tr key={arn}>
                <th scope="row" title={arn}>
                  {name}
                </th>
                <td>{kind}</td>
                <td>{groups.join(', ') || '–'}</td>
                <td>
                  {policies.map((policy) => policy.replace(/^arn:aws:iam::(aws|\d+):policy\//, '')).join('; ') || '–'}
                </td>
                <td>{boundary?.replace(/^arn:aws:iam::(aws|\d+):policy\//, '') ?? '–'}</td>
                <td>{keys ?? 'sessions'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {count > principals.length ? <p class="hint">The first {principals.length} are shown.</p> : null}
    </Panel>
  )
}

function Findings({ findings }: Pick<Identities, 'findings'>) {
  return (
    <Panel title="Usually wrong in policies">
      {findings.length === 0 ? (
        <p class="empty">Nothing was found.</p>
      ) : (
        <div class="scrolls tall" tabIndex={0} role="region" aria-label="Findings">
          <table>
            <Heads of={['Policy', 'Statement', 'What follows from it']} />
            <tbody>
              {findings.map(({ policy, statement, problem }) => (
                <tr key={`${policy} ${statement} ${problem}`}>
                  <th scope="row">{policy}</th>
                  <td>{statement}</td>
                  <td>{problem}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Copyable label="as a command" text="longitude access lint" />
    </Panel>
  )
}
