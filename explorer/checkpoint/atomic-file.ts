import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { SIZES } from '../state/sizes.ts'
import { makeFolder } from './make-folder.ts'

/** Bytes read or written at a time. */
const PIECE = SIZES.piece

/** Arrays whose bytes follow each other in a file. */
export type Section = Iterable<NodeJS.ArrayBufferView>

/** The bytes of arrays, in pieces. */
export function* piecesOf(section: Section): Generator<Uint8Array> {
  for (const { buffer, byteOffset, byteLength } of section) {
    for (let at = 0; at < byteLength; at += PIECE)
      yield new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at))
  }
}

/**
 * Writes a new file and syncs it to disk. A symbolic link of that name is not followed.
 * @param onPiece called for each piece.
 * @throws the error of the file system, EEXIST if the name exists; part of the file may have been written.
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
 * Replaces a text file atomically: its name always stands for a whole file, the old or the new one, even after a loss
 * of power. Creates the folder if necessary. A symbolic link of that name is replaced, not followed.
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

/** Errors of file systems that cannot sync a folder; they are ignored. */
const NOT_SYNCED = ['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES', 'EISDIR']

/** Syncs the entries of a folder to disk, if the file system can. @throws the error of the disk. */
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
