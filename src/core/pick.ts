/** The named fields of an object, for a list of names that a schema gives. A field that is not there is left out. */
export const pick = <Value extends object, Name extends keyof Value>(
  value: Value,
  names: readonly Name[],
): Pick<Value, Name> =>
  Object.fromEntries(names.filter((name) => name in value).map((name) => [name, value[name]])) as Pick<
    Value,
    Name
  >
