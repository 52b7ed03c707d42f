import type { Aside } from '../../../core/change/aside.ts'

/** Answers to what peers ask; what is absent is refused. */
export type Asides = { readonly [each in Aside]?: ((question: string, asker: string) => Promise<string>) | undefined }
