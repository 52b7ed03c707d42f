/** The regions that share a table with strong consistency: who leads, how far each replica is, and where writes are refused now. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { memberWords } from '../../model/group-words.ts'
import type { ToldOf } from '../../console-calls.ts'
import { call } from '../console-api.ts'
import { Heads } from '../parts/heads.tsx'
import { Problem, useDoing } from '../parts/doing.tsx'

const everyMs = 1000

export function Group({ table }: { readonly table: string }) {
  const told = useSignal<ToldOf<'tableGroup'>['group'] | undefined>(undefined)
  const work = useDoing()
  useEffect(() => {
    const look = (): void => void work.look(async () => void (told.value = (await call('tableGroup', { table })).group))
    look()
    const timer = setInterval(look, everyMs)
    return () => clearInterval(timer)
  }, [table])
  if (told.value === undefined) return <Problem of={work} />
  return (
    <>
      <h3>Strong consistency between regions</h3>
      <div class="scrolls" tabIndex={0} role="region" aria-label="Regions that share the table">
        <table>
          <Heads of={['Region', 'Role', 'Order', 'Behind', 'Writes']} />
          <tbody>
            {told.value.members.map((member) => {
              const { order, behind, writes } = memberWords(member)
              const isGood = member.majority && member.refuses === undefined
              return (
                <tr key={member.region}>
                  <th scope="row">{member.region}</th>
                  <td>{member.role}</td>
                  <td>
                    <span class={`chip ${isGood ? 'good' : 'warn'}`}>{order}</span>
                  </td>
                  <td>{behind}</td>
                  <td>{writes}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      <Problem of={work} />
    </>
  )
}
