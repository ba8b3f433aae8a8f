/** A set of small whole numbers, one bit each. */
export class Bits {
  readonly words: Uint32Array

  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5)
  }

  has(n: number): boolean {
    return ((this.words[n >>> 5] >>> (n & 31)) & 1) !== 0
  }

  /** Returns false when it was in already. */
  add(n: number): boolean {
    if (this.has(n)) return false
    this.words[n >>> 5] |= 1 << (n & 31)
    return true
  }

  addAll(other: Bits): void {
    this.addWords(other.words)
  }

  /** Adds a set of the same size that is given as its words. */
  addWords(words: ArrayLike<number>): void {
    for (let w = 0; w < this.words.length; w++) this.words[w] |= words[w]
  }

  meets(other: Bits): boolean {
    for (let w = 0; w < this.words.length; w++) if ((this.words[w] & other.words[w]) !== 0) return true
    return false
  }

  clear(): void {
    this.words.fill(0)
  }
}
