/** The one cluster that a cache is, or that several before one region are. */
import type { DaxNode } from './dax-nodes.ts'

export type DaxCluster = {
  readonly accountId: string
  readonly region: string
  /** `dax` or `daxs`. */
  readonly scheme: string
  /** The first is where programs begin. */
  readonly nodes: readonly DaxNode[]
  /** How many of them are there. */
  readonly active: number
  readonly itemTtlMs: number
  readonly queryTtlMs: number
}

/** Of the cluster, and of its group of parameters. */
export const clusterName = 'longitude'

/** By its place in the list of the cluster's nodes. */
export const nodeName = (at: number): string => `${clusterName}-${at + 1}`

export const clusterArn = ({ region, accountId }: { readonly region: string; readonly accountId: string }): string =>
  `arn:aws:dax:${region}:${accountId}:cache/${clusterName}`
