/**
 * Sizes at which the engine's tables begin, are cut into pieces, or stop remembering. No verdict and no count
 * may depend on them. The stress test makes them small, so that systems of a hundred states cross every
 * boundary: see `SMALL_SIZES` in stress/. They are read once, when a module loads, and cost nothing in a loop.
 */
const DEFAULTS = {
  /** States per chunk of the store and of the parent table, as a power of two. At least 1. */
  chunkBits: 16,
  /** Successors beyond which a batch is looked up. */
  batch: 512,
  /** States expanded between two looks at the limits. */
  slice: 2048,
  /** Slots of a visited set at first, a power of two. */
  slots: 1 << 12,
  /** Numbers in arrays that double, at first. */
  array: 1 << 12,
  /** Answer classes that are kept apart. */
  classes: 1 << 16,
  /** Lists of enabled steps that get a number, so that new states can take them over. */
  lists: 0x7fff,
  /** Threads up to which a note of a state has two bytes. */
  wideCacheEntries: 8,
  /** Threads up to which new states take over what is known of their steps. */
  cachedThreads: 32,
  /** Words of all threads up to which the loop that hands notes on is unrolled. */
  unrolled: 32,
  /** Lists of one program counter beyond which each of its steps is looked up alone. */
  crowded: 2048,
  /** Children of a state that are counted in the parent table itself, at most 255. */
  children: 255,
  /** Other values of fields that are tried before a property is taken to depend on them. */
  variations: 64,
  /** Decisions of partial order reduction that are remembered, a power of two. */
  persistentSets: 1 << 16,
  /** Steps after which a chain of passed states ends. */
  compressedPath: 4096,
  /** States of one look-ahead, a power of two, and of all look-aheads in one state. */
  ahead: 512,
  tried: 1024,
  /** States of the liveness graph, and nodes of a search with few preemptions, between two looks at the limits. */
  look: 512,
  /** Share of the memory limit above which the frontier goes to disk. */
  tight: 0.8,
  /** Least and most states that a worker takes at once. */
  leastPiece: 32,
  mostPiece: 2048,
  /** Bytes up to which a table that workers share grows to four times its size. */
  fastGrowth: 32 * 1024 * 1024,
  /** Bytes of a checkpoint that are written or read at a time. */
  piece: 1 << 26,
}

/** Sizes in use; see above. */
export type Sizes = Readonly<typeof DEFAULTS>

/**
 * Where a program puts the sizes that it wants to be others, before the engine loads and in each of its threads
 * (`node --import`). Nothing that a user gives sets them.
 */
export const SIZES_KEY = 'mmucheck.sizes'

/** The sizes. */
export const SIZES: Sizes = { ...DEFAULTS, ...asked() }

function asked(): Partial<Sizes> {
  const sizes = (globalThis as { [key: symbol]: Partial<Sizes> | undefined })[Symbol.for(SIZES_KEY)] ?? {}
  const unknown = Object.keys(sizes).find((name) => !(name in DEFAULTS))
  if (unknown !== undefined) throw new Error(`there is no size ${unknown}`)
  return sizes
}
