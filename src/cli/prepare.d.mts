type Preparation = { readonly root: string; readonly log: (line: string) => void }

export function prepare(of: Preparation): void
export function build(root: string, log: (line: string) => void): void
