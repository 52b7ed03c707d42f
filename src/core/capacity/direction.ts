export type Direction = 'read' | 'write'
