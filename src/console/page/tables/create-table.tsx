/** A table is created by a form, or by the JSON of CreateTable; then its replicas are added one after the other, as the API wants it. */
import { useSignal } from '@preact/signals'
import { operationTold } from '../../model/told-commands.ts'
import { regionNames, state } from '../live.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo, hasReplica, isActive, untilTable } from './dynamo.ts'

type Form = {
  readonly name: string
  readonly partition: string
  readonly partitionType: string
  readonly sort: string
  readonly sortType: string
}

export function CreateTable({ onClose }: { readonly onClose: () => void }) {
  const region = useSignal(regionNames.value[0] ?? '')
  const form = useSignal<Form>({ name: '', partition: 'id', partitionType: 'S', sort: '', sortType: 'S' })
  const json = useSignal<string | undefined>(undefined)
  const replicas = useSignal<readonly string[]>([])
  const progress = useSignal('')
  const work = useDoing()
  const text = json.value ?? JSON.stringify(inputOf(form.value), null, 2)
  const create = (): void =>
    void work.run(async () => {
      const input = JSON.parse(text) as { readonly TableName: string }
      const name = input.TableName
      progress.value = `creating ${name} in ${region.value} …`
      await dynamo(region.value, 'CreateTable', input)
      await untilTable(region.value, name, isActive)
      for (const each of replicas.value.filter((other) => other !== region.value)) {
        progress.value = `adding the replica in ${each} …`
        await dynamo(region.value, 'UpdateTable', replicaInput(name, each))
        await untilTable(region.value, name, hasReplica(each))
      }
      onClose()
    })
  return (
    <Dialog title="Create a table" onClose={onClose}>
      <FormFields
        form={form.value}
        onChange={(changed) => ((form.value = { ...form.value, ...changed }), (json.value = undefined))}
      />
      <Places region={region.value} onRegion={(name) => (region.value = name)} chosen={replicas} />
      <details>
        <summary>As JSON, with everything that CreateTable takes</summary>
        <textarea
          rows={12}
          aria-label="Input of CreateTable"
          value={text}
          onInput={(event) => (json.value = event.currentTarget.value)}
        />
      </details>
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={work.busy.value || (form.value.name === '' && json.value === undefined)}
          onClick={create}
        >
          Create
        </button>
        <span role="status">{work.busy.value ? progress.value : ''}</span>
      </div>
      <Problem of={work} />
      <CommandOf text={text} region={region.value} />
    </Dialog>
  )
}

export function replicaInput(name: string, region: string): object {
  return { TableName: name, ReplicaUpdates: [{ Create: { RegionName: region } }] }
}

function inputOf({ name, partition, partitionType, sort, sortType }: Form): object {
  const keys = [
    { name: partition, type: partitionType, role: 'HASH' },
    ...(sort === '' ? [] : [{ name: sort, type: sortType, role: 'RANGE' }]),
  ]
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map((key) => ({ AttributeName: key.name, AttributeType: key.type })),
    KeySchema: keys.map((key) => ({ AttributeName: key.name, KeyType: key.role })),
  }
}

type FieldsProps = { readonly form: Form; readonly onChange: (changed: Partial<Form>) => void }

function FormFields({ form, onChange }: FieldsProps) {
  const field = (name: keyof Form, label: string) => (
    <label class="field">
      {label}
      <input
        value={form[name]}
        maxLength={255}
        onInput={(event) => onChange({ [name]: event.currentTarget.value.trim() })}
      />
    </label>
  )
  const type = (name: 'partitionType' | 'sortType', label: string) => (
    <label class="field">
      {label}
      <select value={form[name]} onChange={(event) => onChange({ [name]: event.currentTarget.value })}>
        <option value="S">text</option>
        <option value="N">number</option>
        <option value="B">bytes</option>
      </select>
    </label>
  )
  return (
    <>
      {field('name', 'Name')}
      <div class="fields">
        {field('partition', 'Partition key')}
        {type('partitionType', 'Its type')}
        {field('sort', 'Sort key, if any')}
        {type('sortType', 'Its type')}
      </div>
    </>
  )
}

type PlacesProps = {
  readonly region: string
  readonly onRegion: (name: string) => void
  readonly chosen: { value: readonly string[] }
}

function Places({ region, onRegion, chosen }: PlacesProps) {
  const toggled = (name: string): readonly string[] =>
    chosen.value.includes(name) ? chosen.value.filter((each) => each !== name) : [...chosen.value, name]
  return (
    <>
      <label class="field">
        Created in
        <select value={region} onChange={(event) => onRegion(event.currentTarget.value)}>
          {regionNames.value.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <fieldset class="row">
        <legend>Replicas</legend>
        {regionNames.value
          .filter((name) => name !== region)
          .map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={chosen.value.includes(name)}
                onChange={() => (chosen.value = toggled(name))}
              />{' '}
              {name}
            </label>
          ))}
      </fieldset>
    </>
  )
}

function CommandOf({ text, region }: { readonly text: string; readonly region: string }) {
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  try {
    return <ToldAs told={operationTold('CreateTable', JSON.parse(text) as object, { region, endpoint })} />
  } catch {
    return <p class="problem">this is no JSON</p>
  }
}
