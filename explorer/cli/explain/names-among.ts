/** Names in a list; `all` for all of them, and `all but ...` if few are missing. */
export function namesAmong(names: readonly string[], all: readonly string[]): string {
  const missing = all.filter((name) => !names.includes(name))
  if (all.length < 10 || missing.length > 5) return names.join(', ')
  return missing.length === 0 ? `all ${all.length} scenarios` : `all scenarios but ${missing.join(', ')}`
}
