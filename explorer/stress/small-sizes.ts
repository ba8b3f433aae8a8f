import { SIZES_KEY, type Sizes } from '../state/index.ts'

/** Sizes so small that systems of a few states cross every boundary. */
export const SMALL_SIZES: readonly Partial<Sizes>[] = [
  {
    ...{
      chunkBits: 1,
      batch: 2,
      slice: 3,
      slots: 2,
      array: 1,
      valuations: 3,
      lists: 2,
      wideCacheEntries: 0,
      unrolled: 0,
    },
    ...{
      crowded: 1,
      children: 2,
      variations: 3,
      persistentSets: 2,
      compressedPath: 2,
      ahead: 4,
      tried: 3,
      look: 1,
      tight: 0,
    },
    ...{ leastPiece: 1, mostPiece: 2, fastGrowth: 16, piece: 8 },
  },
  {
    ...{
      chunkBits: 3,
      batch: 7,
      slice: 16,
      slots: 8,
      array: 16,
      valuations: 9,
      lists: 6,
      cachedThreads: 2,
      children: 3,
    },
    ...{
      crowded: 4,
      variations: 9,
      persistentSets: 16,
      compressedPath: 5,
      ahead: 16,
      tried: 20,
      look: 5,
      tight: 0,
    },
    ...{ leastPiece: 3, mostPiece: 5, fastGrowth: 256, piece: 100 },
  },
  {
    chunkBits: 2,
    batch: 1,
    slots: 4,
    array: 2,
    look: 2,
    valuations: 2,
    cachedThreads: 0,
    tight: 0,
    leastPiece: 1,
    mostPiece: 1,
  },
]

/** Node options that set these sizes in all threads of a process. */
export const nodeOptionsFor = (sizes: Partial<Sizes>): string[] => [
  '--import',
  `data:text/javascript,globalThis[Symbol.for(${JSON.stringify(SIZES_KEY)})]=${encodeURIComponent(JSON.stringify(sizes))}`,
]
