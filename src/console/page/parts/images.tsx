/** Two images of an item side by side, with what differs marked. */
import { type Item, shortText } from '../../model/edited-values.ts'
import { attributeRows } from '../../model/compare-items.ts'
import { Heads } from './heads.tsx'

type Props = { readonly titles: readonly string[]; readonly items: readonly Item[] }

export function Images({ titles, items }: Props) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Both images">
      <table class="items">
        <Heads of={['attribute', ...titles]} />
        <tbody>
          {attributeRows(items).map(({ name, values, differs }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, index) => (
                <td key={index} class={differs ? 'unlike' : ''}>
                  {value === undefined ? <em>not there</em> : <code>{shortText(value, 400)}</code>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
