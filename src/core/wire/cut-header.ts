/**
 * A connection that a fault cuts (operations/faults/cut.ts) is the client’s, also behind a front door or a cache: such a program says in a header of its
 * requests that it carries cuts out, and the region then says in a header of its reply what is to be cut.
 */
export const carriesCutsHeader = 'x-longitude-carries-cuts'
export const cutHeader = 'x-longitude-cut'
