/**
 * A module that few requests need: it is evaluated at its first use, so that the worker's start does not pay for it.
 * The module is remembered and not its promise, because no request may wait for the work of another one. Two requests may
 * both load it; both get the same module.
 */
export function lazy<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loaded: Module | undefined
  return async () => {
    loaded ??= await load()
    return loaded
  }
}
