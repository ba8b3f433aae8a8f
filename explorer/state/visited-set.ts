import { ExactSet } from './exact-set.ts'
import { FingerprintSet } from './fingerprint-set.ts'
import { type AllVectors, SharedExactSet } from './shared-exact-set.ts'
import { SharedFingerprintSet } from './shared-fingerprint-set.ts'
import type { SharedTable } from './shared-table.ts'
import { SharedWideFingerprintSet } from './shared-wide-fingerprint-set.ts'
import type { StateTable } from './state-table.ts'
import type { VectorStore } from './vector-store.ts'
import { WideFingerprintSet } from './wide-fingerprint-set.ts'

/** How visited states are stored. */
export interface StorageOptions {
  /** `exact` stores every state; `fingerprint` stores a hash of each. Default `exact`. */
  readonly storage?: 'exact' | 'fingerprint'
  /** Bits of a fingerprint. 64 is the fastest; more lower the omission probability further. Default 64. */
  readonly fingerprintBits?: 64 | 96 | 128
  /** Seed of the hash functions; the result does not depend on it (in exact storage). */
  readonly seed?: number
  /** Most bytes of one array; a search that needs more ends as incomplete. Default: what the engine allows. */
  readonly mostArrayBytes?: number
}

/** The visited set for these options. For exact storage the store must keep states. */
export function visitedSetOf(store: VectorStore, options: StorageOptions): StateTable {
  const { storage = 'exact', fingerprintBits: bits = 64, seed = 1, mostArrayBytes: most } = options
  if (storage === 'exact') return new ExactSet(store, undefined, most)
  return bits === 64
    ? new FingerprintSet(store, undefined, most)
    : new WideFingerprintSet(store, bits, seed, undefined, most)
}

/** Words per slot of the shared table. */
export function wordsPerSlot({ storage = 'exact', fingerprintBits = 64 }: StorageOptions): number {
  return storage === 'exact' ? 2 : fingerprintBits / 32
}

/**
 * The visited set for these options over a table that several threads share.
 * @param store gets the states that this thread finds first. @param all the states of all threads.
 * @param me number of this thread.
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
