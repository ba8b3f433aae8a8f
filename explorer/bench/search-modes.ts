/** How one of our searches is run. */
export interface SearchMode {
  readonly id: string
  readonly title: string
  readonly storage: 'fingerprint' | 'exact'
  readonly symmetry: boolean
  readonly workers: number
}

/** The modes of our search that are measured. */
export const searchModes: readonly SearchMode[] = [
  { id: 'fingerprint', title: 'fingerprints', storage: 'fingerprint', symmetry: false, workers: 1 },
  { id: 'exact', title: 'exact', storage: 'exact', symmetry: false, workers: 1 },
  {
    id: 'fingerprint-2',
    title: 'fingerprints, 2 workers',
    storage: 'fingerprint',
    symmetry: false,
    workers: 2,
  },
  { id: 'exact-2', title: 'exact, 2 workers', storage: 'exact', symmetry: false, workers: 2 },
  {
    id: 'fingerprint-symmetry',
    title: 'fingerprints, symmetry',
    storage: 'fingerprint',
    symmetry: true,
    workers: 1,
  },
  { id: 'exact-symmetry', title: 'exact, symmetry', storage: 'exact', symmetry: true, workers: 1 },
]
