/** One attribute in the editor: name, type, value. */
import { type Field, type TypeName, typeNames, types } from '../../../model/edited-values.ts'

type Props = {
  readonly field: Field
  /** A key attribute of an item that is there. */
  readonly isFixed: boolean
  readonly onChange: (changed: Partial<Field>) => void
  readonly onRemove: () => void
}

export function FieldRow({ field, isFixed, onChange, onRemove }: Props) {
  const { name, type, text } = field
  const shown = name === '' ? 'new attribute' : name
  const isLong = ['M', 'L', 'SS', 'NS', 'BS'].includes(type) || text.includes('\n') || text.length > 60
  return (
    <div class="field-row">
      <input
        aria-label={`Name of ${shown}`}
        value={name}
        disabled={isFixed}
        onInput={(event) => onChange({ name: event.currentTarget.value })}
      />
      <select
        aria-label={`Type of ${shown}`}
        value={type}
        disabled={isFixed}
        onChange={(event) =>
          onChange({
            type: event.currentTarget.value as TypeName,
            ...(event.currentTarget.value === 'BOOL' ? { text: 'true' } : {}),
          })
        }
      >
        {types.map((each) => (
          <option key={each} value={each}>
            {each} – {typeNames[each]}
          </option>
        ))}
      </select>
      <ValueInput {...{ type, text, isFixed, isLong, shown, onChange }} />
      <button type="button" class="small" disabled={isFixed} aria-label={`Remove ${shown}`} onClick={onRemove}>
        remove
      </button>
    </div>
  )
}

type ValueProps = {
  readonly type: TypeName
  readonly text: string
  readonly isFixed: boolean
  readonly isLong: boolean
  readonly shown: string
  readonly onChange: (changed: Partial<Field>) => void
}

function ValueInput({ type, text, isFixed, isLong, shown, onChange }: ValueProps) {
  const label = `Value of ${shown}`
  if (type === 'NULL') return <input aria-label={label} value="null" disabled />
  if (type === 'BOOL')
    return (
      <select aria-label={label} value={text} onChange={(event) => onChange({ text: event.currentTarget.value })}>
        <option>true</option>
        <option>false</option>
      </select>
    )
  if (isLong)
    return (
      <textarea
        aria-label={label}
        rows={Math.min(10, text.split('\n').length + 1)}
        value={text}
        disabled={isFixed}
        onInput={(event) => onChange({ text: event.currentTarget.value })}
      />
    )
  return (
    <input
      aria-label={label}
      value={text}
      disabled={isFixed}
      inputMode={type === 'N' ? 'decimal' : 'text'}
      onInput={(event) => onChange({ text: event.currentTarget.value })}
    />
  )
}
