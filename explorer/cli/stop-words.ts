/** Indexes in the words that a search thread shares with the one that started it. */
export const STOP = {
  /** Not zero when the search is to end. */
  asked: 0,
  /** How often the search has looked at that. */
  polls: 1,
} as const
