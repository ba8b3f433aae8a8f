/**
 * Initial sizes, chunk sizes and limits of the engine's tables. No verdict and no count may depend on them. The
 * stress test makes them small, so that systems of a hundred states cross every boundary: see `SMALL_SIZES` in
 * stress/. They are read once, when a module loads, so they are constants in the loops.
 */
const DEFAULTS = {
  /** States per chunk of the store and of the parent table, as a power of two. At least 1. */
  chunkBits: 16,
  /** Number of successors from which on a batch is looked up. */
  batch: 512,
  /** States expanded between two checks of the limits. */
  slice: 2048,
  /** Initial slots of a visited set, a power of two. */
  slots: 1 << 12,
  /** Initial length of arrays that double. */
  array: 1 << 12,
  /** Most valuations that get a number; see `Valuations`. */
  valuations: 1 << 16,
  /** Most lists of enabled steps that get a number, and so can be in the successor cache. */
  lists: 0x7fff,
  /** Most threads for which an entry of the successor cache has two bytes. */
  wideCacheEntries: 8,
  /** Most threads for which there is a successor cache. */
  cachedThreads: 32,
  /** Most words of all threads for which the loop of the successor cache is unrolled. */
  unrolled: 32,
  /** Lists of one program counter from which on its steps may be looked up one by one. */
  crowded: 2048,
  /** Most children of a state that are counted in the parent table itself, at most 255. */
  children: 255,
  /** Most values of fields that are tried before a property is taken to depend on them. */
  variations: 64,
  /** Slots of the cache of persistent sets, a power of two. */
  persistentSets: 1 << 16,
  /** Most states that path compression skips between two stored ones. */
  compressedPath: 4096,
  /** Most states of one look-ahead, a power of two, and of all look-aheads from one state. */
  ahead: 512,
  tried: 1024,
  /** States of the liveness graph, and nodes of a preemption-bounded search, between two checks of the limits. */
  look: 512,
  /** Share of the memory limit above which the frontier goes to disk. */
  tight: 0.8,
  /** Fewest and most states that a worker takes at once. */
  leastPiece: 32,
  mostPiece: 2048,
  /** Bytes up to which a shared table grows to four times its size instead of twice. */
  fastGrowth: 32 * 1024 * 1024,
  /** Bytes of a checkpoint that are written or read at a time. */
  piece: 1 << 26,
}

/** Sizes in use; see above. */
export type Sizes = Readonly<typeof DEFAULTS>

/**
 * Key of the global symbol under which a test program overrides sizes, before the engine loads and in each of its
 * threads (`node --import`). No option sets them.
 */
export const SIZES_KEY = 'mmucheck.sizes'

/** The defaults with overrides; see SIZES_KEY. */
export const SIZES: Sizes = { ...DEFAULTS, ...overrides() }

function overrides(): Partial<Sizes> {
  const sizes = (globalThis as { [key: symbol]: Partial<Sizes> | undefined })[Symbol.for(SIZES_KEY)] ?? {}
  const unknown = Object.keys(sizes).find((name) => !(name in DEFAULTS))
  if (unknown !== undefined) throw new Error(`there is no size ${unknown}`)
  return sizes
}
