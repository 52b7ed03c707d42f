/** Edits an item attribute by attribute, with its types, or as JSON. Only what was changed is written, and only if it is still as it was shown. */
import { useSignal } from '@preact/signals'
import { type Edited, type Field, fieldsOf, type Item, itemFromJson, itemOf } from '../../../model/edited-values.ts'
import { operationTold } from '../../../model/told-commands.ts'
import { updateOf } from '../../../model/compare-items.ts'
import { keyOf } from '../../../model/wanted-items.ts'
import type { TableView } from '../../../model/described-table.ts'
import { state } from '../../live.ts'
import { Problem, useDoing } from '../../parts/doing.tsx'
import { ToldAs } from '../../parts/told.tsx'
import { dynamo } from '../dynamo.ts'
import { FieldRow } from './field-row.tsx'

type Props = {
  readonly view: TableView
  readonly region: string
  /** Undefined: the region has no such item, and a new one is put. */
  readonly before: Item | undefined
  readonly onDone: () => void
}

type Request = { readonly operation: string; readonly input: object }

export function ItemEditor({ view, region, before, onDone }: Props) {
  const names = view.keys.map(({ name }) => name)
  const emptyKeys = view.keys.map(({ name, type }) => ({ name, type: type as Field['type'], text: '' }))
  const fields = useSignal<readonly Field[]>(before === undefined ? emptyKeys : fieldsOf(before))
  const json = useSignal<string | undefined>(undefined)
  const work = useDoing()
  const edited: Edited = json.value === undefined ? itemOf(fields.value) : itemFromJson(json.value)
  const request = 'item' in edited ? requestOf(view, before, edited.item) : undefined
  const send = ({ operation, input }: Request): void =>
    void work.run(async () => {
      await dynamo(region, operation, input)
      onDone()
    })
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  return (
    <section class="editor" aria-label={`Editor, ${region}`}>
      <h3>
        {before === undefined ? 'New item' : 'Edit'}, written in {region}
      </h3>
      {json.value === undefined ? (
        <Fields fields={fields} fixed={before === undefined ? [] : names} />
      ) : (
        <textarea
          rows={14}
          aria-label="The item as JSON"
          value={json.value}
          onInput={(event) => (json.value = event.currentTarget.value)}
        />
      )}
      {'problems' in edited ? <p class="problem">{edited.problems.join('; ')}</p> : null}
      <div class="row buttons">
        <button
          type="button"
          class="primary"
          disabled={work.busy.value || request === undefined}
          onClick={() => request && send(request)}
        >
          Write
        </button>
        {before === undefined ? null : (
          <button type="button" class="danger" disabled={work.busy.value} onClick={() => send(deletion(view, before))}>
            Delete
          </button>
        )}
        <button
          type="button"
          disabled={'problems' in edited}
          onClick={() => {
            if (!('item' in edited)) return
            fields.value = fieldsOf(edited.item)
            json.value = json.value === undefined ? JSON.stringify(edited.item, null, 2) : undefined
          }}
        >
          {json.value === undefined ? 'As JSON' : 'As fields'}
        </button>
        <button type="button" onClick={onDone}>
          Leave it
        </button>
      </div>
      <Problem of={work} />
      {request === undefined ? (
        <p class="hint">Nothing is changed.</p>
      ) : (
        <ToldAs told={operationTold(request.operation, request.input, { region, endpoint })} />
      )}
    </section>
  )
}

function Fields({
  fields,
  fixed,
}: {
  readonly fields: { value: readonly Field[] }
  readonly fixed: readonly string[]
}) {
  return (
    <div class="field-rows">
      {fields.value.map((field, index) => (
        <FieldRow
          key={index}
          field={field}
          isFixed={fixed.includes(field.name)}
          onChange={(changed) => (fields.value = fields.value.with(index, { ...field, ...changed }))}
          onRemove={() => (fields.value = fields.value.toSpliced(index, 1))}
        />
      ))}
      <button
        type="button"
        class="small"
        onClick={() => (fields.value = [...fields.value, { name: '', type: 'S', text: '' }])}
      >
        add an attribute
      </button>
    </div>
  )
}

function requestOf(view: TableView, before: Item | undefined, after: Item): Request | undefined {
  const names = view.keys.map(({ name }) => name)
  if (before === undefined)
    return {
      operation: 'PutItem',
      input: {
        TableName: view.name,
        Item: after,
        ConditionExpression: 'attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': names[0] ?? '' },
      },
    }
  const update = updateOf(before, after, names)
  return update === undefined ? undefined : { operation: 'UpdateItem', input: { TableName: view.name, ...update } }
}

function deletion(view: TableView, before: Item): Request {
  return { operation: 'DeleteItem', input: { TableName: view.name, Key: keyOf(view.keys, before) } }
}
