/** Maximum load, as in the fingerprint sets. */
const FULL = 3 / 4

/** Refuse tables whose mean probe length exceeds this. With random fingerprints it is 2 to 3. */
const FAR = 64

/**
 * What is wrong with a table of fingerprints from a file, or null. It must have one entry per state, each reachable
 * by probing from its home slot, and none twice. Takes time linear in the size of the table, whatever it contains.
 * @param lanes numbers per slot; a slot that begins with two zeros is free.
 */
export function tableProblem(table: Int32Array, lanes: number, states: number): string | null {
  const slots = table.length / lanes
  if (!Number.isInteger(Math.log2(slots))) return `its table has ${slots} slots`
  const mask = slots - 1
  const isFree = (slot: number): boolean => table[slot * lanes] === 0 && table[slot * lanes + 1] === 0
  let taken = 0
  for (let slot = 0; slot < slots; slot++) if (!isFree(slot)) taken++
  if (taken !== states) return `its table has ${taken} entries for ${states} states`
  if (taken > FULL * slots) return `its table has ${taken} entries in ${slots} slots`
  let first = 0
  while (!isFree(first)) first++
  /** Length of the run of entries in front of the slot. */
  let run = 0
  let looks = FAR * slots
  for (let n = 1; n <= slots; n++) {
    const slot = (first + n) & mask
    if (isFree(slot)) {
      run = 0
      continue
    }
    const home = table[slot * lanes] & mask
    const distance = (slot - home) & mask
    looks -= distance
    if (distance > run || looks < 0) return 'its table has an entry that is not in its place'
    for (let at = home; at !== slot; at = (at + 1) & mask)
      if (isEqual(table, at * lanes, slot * lanes, lanes)) return 'its table has an entry twice'
    run++
  }
  return null
}

function isEqual(table: Int32Array, a: number, b: number, lanes: number): boolean {
  for (let lane = 0; lane < lanes; lane++) if (table[a + lane] !== table[b + lane]) return false
  return true
}
