/** Tables that are being restored. */
import type { Backup } from '../../core/archive/backup.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'

export const tablesRestoring = ({ engine }: OperationContext): readonly Table[] =>
  engine.tables().filter(({ restore }) => restore !== undefined && restore.importOf === undefined)

export const isRestored = ({ id }: Backup, context: OperationContext): boolean =>
  tablesRestoring(context).some(({ restore }) => restore?.backup === id)
