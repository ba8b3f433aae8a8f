import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { SIZES } from '../state/sizes.ts'
import { makeFolder } from './make-folder.ts'

/** Bytes read or written at a time. */
const PIECE = SIZES.piece

/** Arrays whose bytes lie in a file one after the other. */
export type Section = Iterable<NodeJS.ArrayBufferView>

/** The bytes of arrays, in pieces. */
export function* piecesOf(section: Section): Generator<Uint8Array> {
  for (const { buffer, byteOffset, byteLength } of section) {
    for (let at = 0; at < byteLength; at += PIECE)
      yield new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at))
  }
}

/**
 * Writes a file that does not exist yet, to the disk itself. A symbolic link of its name is not followed.
 * @param onPiece told of each piece that was written.
 * @throws the error of the file system, EEXIST when the name is taken; part of the file may be there then.
 */
export function writeNewFile(path: string, section: Section, onPiece?: (piece: Uint8Array) => void): void {
  const file = openSync(path, 'wx')
  try {
    for (const piece of piecesOf(section)) {
      onPiece?.(piece)
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at)
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Writes a text file so that its name always stands for a whole file, the old one or the new one, also after
 * the machine has lost power. Makes its folder if need be. A symbolic link of that name is replaced, not followed.
 * @throws the error of the file system.
 */
export function replaceFile(path: string, text: string): void {
  makeFolder(dirname(path))
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    writeNewFile(temporary, [new TextEncoder().encode(text)])
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** What file systems answer that cannot write a folder to the disk: it is theirs to keep then. */
const NOT_SYNCED = ['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES', 'EISDIR']

/** Writes the entries of a folder to the disk, where the file system can. @throws the error of the disk. */
export function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    if (!NOT_SYNCED.includes(String((error as NodeJS.ErrnoException).code))) throw error
  }
}
