/**
 * The shard that owns a state, by its high hash lane: the table of a shard is indexed by the low one. States with equal
 * fingerprints have one owner, so that the bound on the omission probability is that of one table.
 */
export const ownerOf = (high: number, shards: number): number => Math.floor(((high >>> 0) / 2 ** 32) * shards)
