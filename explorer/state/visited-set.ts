import { ExactSet } from './exact-set.ts'
import { FingerprintSet } from './fingerprint-set.ts'
import { type AllVectors, SharedExactSet } from './shared-exact-set.ts'
import { SharedFingerprintSet } from './shared-fingerprint-set.ts'
import type { SharedTable } from './shared-table.ts'
import { SharedWideFingerprintSet } from './shared-wide-fingerprint-set.ts'
import type { StateTable } from './state-table.ts'
import type { VectorStore } from './vector-store.ts'
import { WideFingerprintSet } from './wide-fingerprint-set.ts'

/** How visited states are kept. */
export interface StorageOptions {
  /** `exact` keeps every state; `fingerprint` keeps some bits of each. Default `exact`. */
  readonly storage?: 'exact' | 'fingerprint'
  /** Bits of a fingerprint. 64 is the fastest; more make a loss less likely still. Default 64. */
  readonly fingerprintBits?: 64 | 96 | 128
  /** Seed of the hash functions; the result does not depend on it (in exact storage). */
  readonly seed?: number
  /** Most bytes of one array; a search that needs more ends as incomplete. Default: what the engine allows. */
  readonly mostArrayBytes?: number
}

/** The visited set for these options. The store must keep states if they ask for exact storage. */
export function visitedSetOf(store: VectorStore, options: StorageOptions): StateTable {
  const { storage = 'exact', fingerprintBits: bits = 64, seed = 1, mostArrayBytes: most } = options
  if (storage === 'exact') return new ExactSet(store, undefined, most)
  return bits === 64
    ? new FingerprintSet(store, undefined, most)
    : new WideFingerprintSet(store, bits, seed, undefined, most)
}

/** Words of a slot in the table that several threads share. */
export function wordsPerSlot({ storage = 'exact', fingerprintBits = 64 }: StorageOptions): number {
  return storage === 'exact' ? 2 : fingerprintBits / 32
}

/**
 * The same over a table that several threads share.
 * @param store what this thread finds first. @param all what all threads found. @param me number of the thread.
 */
export function sharedSetOf(
  table: SharedTable,
  store: VectorStore,
  all: AllVectors,
  me: number,
  { storage = 'exact', fingerprintBits: bits = 64, seed = 1 }: StorageOptions,
): StateTable {
  if (storage === 'exact') return new SharedExactSet(table, store, all, me)
  return bits === 64
    ? new SharedFingerprintSet(table, store)
    : new SharedWideFingerprintSet(table, store, bits, seed)
}
