/** Secondary indexes: listed, added and removed. */
import { useSignal } from '@preact/signals'
import { operationTold } from '../../model/told-commands.ts'
import { state } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo, isActive, untilTable } from './dynamo.ts'
import type { Shown } from './table-parts.ts'

export function Indexes({ view, region, look }: Shown) {
  const work = useDoing()
  const remove = (name: string): void =>
    void work.run(async () => {
      await dynamo(region, 'UpdateTable', {
        TableName: view.name,
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: name } }],
      })
      look()
    })
  return (
    <>
      {view.indexes.length === 0 ? (
        <p class="empty">The table has no index.</p>
      ) : (
        <div class="scrolls" tabIndex={0} role="region" aria-label="List of the indexes">
          <table>
            <thead>
              <tr>
                {['Index', 'Kind', 'Status', 'Keys', 'Projection', ''].map((head) => (
                  <th key={head} scope="col">
                    {head === '' ? <span class="unseen">Remove</span> : head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {view.indexes.map(({ name, kind, status, keys, projection }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{kind}</td>
                  <td>
                    <span class={`chip ${status === 'ACTIVE' ? 'good' : 'warn'}`}>{status}</span>
                  </td>
                  <td>{keys.map((key) => `${key.name} (${key.type}, ${key.role})`).join(', ')}</td>
                  <td>{projection}</td>
                  <td>
                    {kind === 'local' ? null : (
                      <button
                        type="button"
                        class="small"
                        disabled={work.busy.value}
                        aria-label={`Remove the index ${name}`}
                        onClick={() => remove(name)}
                      >
                        remove
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Problem of={work} />
      <AddIndex {...{ view, region, look }} />
    </>
  )
}

type Form = {
  readonly name: string
  readonly partition: string
  readonly partitionType: string
  readonly sort: string
  readonly sortType: string
}

function AddIndex({ view, region, look }: Shown) {
  const form = useSignal<Form>({ name: '', partition: '', partitionType: 'S', sort: '', sortType: 'S' })
  const work = useDoing()
  const input = inputOf(view, form.value)
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  const add = (): void =>
    void work.run(async () => {
      await dynamo(region, 'UpdateTable', input)
      look()
      await untilTable(region, view.name, isActive)
      look()
    })
  const field = (name: 'name' | 'partition' | 'sort', label: string) => (
    <label class="field">
      {label}
      <input
        value={form.value[name]}
        maxLength={255}
        onInput={(event) => (form.value = { ...form.value, [name]: event.currentTarget.value.trim() })}
      />
    </label>
  )
  const type = (name: 'partitionType' | 'sortType', label: string) => (
    <label class="field">
      {label}
      <select
        value={form.value[name]}
        onChange={(event) => (form.value = { ...form.value, [name]: event.currentTarget.value })}
      >
        {['S', 'N', 'B'].map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  )
  return (
    <details>
      <summary>Add an index</summary>
      <div class="fields">
        {field('name', 'Name')}
        {field('partition', 'Partition key')}
        {type('partitionType', 'Its type')}
        {field('sort', 'Sort key, if any')}
        {type('sortType', 'Its type')}
      </div>
      <button
        type="button"
        class="primary"
        disabled={work.busy.value || form.value.name === '' || form.value.partition === ''}
        onClick={add}
      >
        {work.busy.value ? 'it is filled …' : 'Add'}
      </button>
      <Problem of={work} />
      <ToldAs told={operationTold('UpdateTable', input, { region, endpoint })} />
    </details>
  )
}

function inputOf(view: Shown['view'], { name, partition, partitionType, sort, sortType }: Form): object {
  const keys = [
    { name: partition, type: partitionType, role: 'HASH' },
    ...(sort === '' ? [] : [{ name: sort, type: sortType, role: 'RANGE' }]),
  ]
  const defined = new Map(
    [...view.keys, ...view.indexes.flatMap((index) => index.keys), ...keys].map((key) => [key.name, key.type]),
  )
  return {
    TableName: view.name,
    AttributeDefinitions: [...defined].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: name,
          KeySchema: keys.map((key) => ({ AttributeName: key.name, KeyType: key.role })),
          Projection: { ProjectionType: 'ALL' },
        },
      },
    ],
  }
}
