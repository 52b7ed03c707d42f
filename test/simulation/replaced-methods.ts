/** Methods of classes that are replaced for a test: how bugs are put in that no option puts in. */
const undo: (() => void)[] = []

/** To be called after each test. */
export function restoreMethods(): void {
  for (const each of undo.splice(0)) each()
}

/** Called by `restoreMethods`. */
export function restoredBy(restore: () => void): void {
  undo.push(restore)
}

/** Another method in the place of a class's own, which `change` is given. */
export function replaceMethod<T extends object, Name extends keyof T>(
  prototype: T,
  name: Name,
  change: (usual: T[Name]) => T[Name],
): void {
  const usual = prototype[name]
  prototype[name] = change(usual)
  undo.push(() => (prototype[name] = usual))
}
