/** Decides whether a text contains a word. */
export type Matches = (text: string) => boolean

/**
 * How a word is looked for. A commit is found by its first seven digits, in whichever length it is written; a request
 * with and without KVM_REQ_; a function with and without parentheses; words whole, several of them as they stand.
 */
export function matcherOf(word: string): Matches {
  const wanted = word.trim().toLowerCase().replace(/\(\)$/, '')
  if (/^[0-9a-f]{7,40}$/.test(wanted) && /\d/.test(wanted))
    return (text) =>
      (text.toLowerCase().match(/\b[0-9a-f]{7,40}\b/g) ?? []).some(
        (commit) => commit.startsWith(wanted) || wanted.startsWith(commit),
      )
  const bare = wanted.replace(/^kvm_req_(?:mmu_)?(?=\w)/, '')
  const escaped = bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`(?<![a-z0-9])(?:kvm_req_(?:mmu_)?)?${escaped}(?![a-z0-9_])`, 'i')
  return (text) => pattern.test(text)
}

/** All text of an object, one value per line. */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  // The source of a function that prints a statement contains its fixed parts.
  if (typeof value === 'function') return String(value)
  return typeof value === 'object' && value !== null ? Object.values(value).map(textOf).join('\n') : ''
}
