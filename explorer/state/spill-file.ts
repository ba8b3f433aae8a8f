import { closeSync, mkdtempSync, openSync, readSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Arrays on disk, by number. The file is unlinked as soon as it is open, so it disappears with the process,
 * however that ends.
 */
export class SpillFile {
  readonly #file: number
  readonly #slot: number

  /** @param slot most bytes per number. @throws when no temporary file can be created. */
  constructor(slot: number) {
    this.#slot = slot
    const directory = mkdtempSync(join(tmpdir(), 'frontier-'))
    const path = join(directory, 'states')
    try {
      this.#file = openSync(path, 'wx+', 0o600)
      unlinkSync(path)
    } finally {
      rmdirSync(directory)
    }
  }

  /** @throws when the disk is full. */
  write(number: number, arrays: readonly NodeJS.ArrayBufferView[]): void {
    this.#each(number, arrays, (bytes, at) => writeSync(this.#file, bytes, 0, bytes.length, at))
  }

  /** Fills the arrays with what was written for the number. @throws when it cannot be read. */
  read(number: number, into: readonly NodeJS.ArrayBufferView[]): void {
    this.#each(number, into, (bytes, at) => {
      const got = readSync(this.#file, bytes, 0, bytes.length, at)
      if (got === 0) throw new Error('a part of the frontier is missing on disk')
      return got
    })
  }

  close(): void {
    closeSync(this.#file)
  }

  #each(
    number: number,
    arrays: readonly NodeJS.ArrayBufferView[],
    act: (bytes: Uint8Array, position: number) => number,
  ): void {
    let position = number * this.#slot
    for (const { buffer, byteOffset, byteLength } of arrays) {
      for (let done = 0; done < byteLength; ) {
        const bytes = act(new Uint8Array(buffer, byteOffset + done, byteLength - done), position)
        done += bytes
        position += bytes
      }
    }
  }
}
