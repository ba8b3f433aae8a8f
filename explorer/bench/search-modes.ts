/** The modes of our search that are measured, as `search-main.ts` understands them. */
export const searchModes = ['fingerprint', 'exact', 'fingerprint-symmetry', 'exact-symmetry'] as const
export type SearchMode = (typeof searchModes)[number]
