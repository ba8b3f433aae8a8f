import { lstatSync, readdirSync, rmdirSync, type Stats, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { writeNewFile } from './atomic-file.ts'
import { CheckpointError } from './errors.ts'
import { GENERATION, isOurManifest, MANIFEST, SECTION } from './manifest.ts'

/** Marker file in each folder that this tool created. Nothing is removed from a folder without it. */
const MARK = 'made-by-mmucheck'

/** Marks a new folder as one of ours. @throws the error of the file system. */
export function mark(folder: string): void {
  writeNewFile(join(folder, MARK), [])
}

/** The checkpoint folders in a directory, including those of writers that were killed. */
export function generationsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => GENERATION.test(name))
    .map((name) => join(directory, name))
    .filter(isOurs)
}

/**
 * Removes the files of a checkpoint, and its folder if it is empty then. Other files are left alone.
 * @throws the error of the file system.
 */
export function removeGeneration(folder: string): void {
  if (!isOurs(folder)) return
  for (const name of readdirSync(folder))
    if ((SECTION.test(name) || name === MANIFEST) && isFile(join(folder, name)))
      unlinkSync(join(folder, name))
  unlinkSync(join(folder, MARK))
  removeIfEmpty(folder)
}

/** Removes what a failed writer has left in its new folder, as far as possible. */
export function abandonGeneration(folder: string): void {
  try {
    removeGeneration(folder)
    if (isFolder(folder)) removeIfEmpty(folder)
  } catch {
    // The next writer removes it.
  }
}

/**
 * Removes a checkpoint written by this tool, if there is one, and those in subfolders with the given names.
 * @throws CheckpointError when that fails.
 */
export function removeCheckpoint(directory: string, below: readonly string[] = []): void {
  try {
    if (!isFolder(directory)) return
    for (const name of below) removeCheckpoint(join(directory, name), below)
    if (isOurManifest(directory)) unlinkSync(join(directory, MANIFEST))
    for (const folder of generationsIn(directory)) removeGeneration(folder)
    removeIfEmpty(directory)
  } catch (error) {
    if (error instanceof CheckpointError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new CheckpointError(`cannot remove the old checkpoint in ${directory}: ${why}`)
  }
}

function removeIfEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder)
}

/** Status of a path, of the link itself if it is one; undefined if it does not exist. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

const isFile = (path: string): boolean => statOf(path)?.isFile() === true
const isFolder = (path: string): boolean => statOf(path)?.isDirectory() === true
const isOurs = (folder: string): boolean => isFolder(folder) && isFile(join(folder, MARK))
