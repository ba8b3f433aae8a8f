import type { Progress } from '../search/index.ts'

/** What a running search is asked and tells. */
export interface Hooks {
  readonly stop: () => boolean
  readonly onProgress: (progress: Progress) => void
  /** Told why a checkpoint could not be written; the search goes on. */
  readonly onUnwritten: (why: string) => void
}
