/**
 * The tables that a document describes, in any of these forms:
 *
 *   an input of CreateTable            TableName, KeySchema …                    a replica in every region
 *   a CloudFormation or SAM template   Resources                                 replicas as it says
 *   a plan of Terraform                `terraform show -json PLAN`               replicas as it says
 *   a model of NoSQL Workbench         DataModel                                 a replica in every region
 */
import { readTemplate } from './cloudformation.ts'
import { isRecord, type TableDefinition, UnreadableTables } from './table-definition.ts'
import { readPlan } from './terraform.ts'
import { readModel } from './workbench.ts'

/** Throws UnreadableTables, with the place of what cannot be taken. */
export function readTables(document: unknown, from: string): readonly TableDefinition[] {
  if (!isRecord(document)) throw new UnreadableTables(`${from} is no object`)
  if (typeof document['TableName'] === 'string')
    return [{ from, input: document as TableDefinition['input'], replicas: 'every', leftOut: [] }]
  if (isRecord(document['Resources'])) return readTemplate(document, from)
  if (isRecord(document['planned_values'])) return readPlan(document, from)
  if (Array.isArray(document['DataModel'])) return readModel(document, from)
  throw new UnreadableTables(
    `${from} is none of the forms that are known here: an input of CreateTable (TableName), a CloudFormation or SAM template (Resources), a plan of Terraform as JSON (planned_values), a model of NoSQL Workbench (DataModel)`,
  )
}
