import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { InputError, readInput } from '../../counterexamples/input-file.ts'

/** A file of the tree; `source` is null if it cannot be read, and `why` says why not. */
export interface SourceFile {
  /** Below the folder of the tree, with slashes. */
  readonly path: string
  readonly source: string | null
  readonly why: string
}

/** Bounds on a tree. KVM has 150 files, the largest of 400 KiB. */
const MOST_FILES = 5000
const MOST_BYTES = 4 << 20
const MOST_DEPTH = 12

/** There is no such tree, or it is none that can be read. */
export class NoTree extends Error {
  override readonly name = 'NoTree'
}

/**
 * The C sources below some folders of a tree, and single files, in alphabetical order. Symbolic links, devices and FIFOs
 * are named, not read.
 * @param paths folders and files that the tree must have.
 * @throws NoTree if it lacks one of them, or they contain too much.
 */
export function sourcesIn(root: string, paths: readonly string[]): SourceFile[] {
  const files: SourceFile[] = []
  const add = (path: string, isFile: boolean): void => {
    if (files.length >= MOST_FILES) throw new NoTree(`it has more than ${MOST_FILES} C files`)
    files.push(isFile ? read(root, path) : unread(path, 'it is not a regular file'))
  }
  const visit = (folder: string, depth: number): void => {
    if (depth > MOST_DEPTH) throw new NoTree(`its folders are nested deeper than ${MOST_DEPTH}`)
    for (const entry of entriesOf(root, folder)) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) visit(path, depth + 1)
      else if (/\.[ch]$/.test(entry.name)) add(path, entry.isFile())
    }
  }
  for (const path of paths) {
    const stat = statOf(root, path)
    if (stat.isDirectory()) visit(path, 0)
    else add(path, stat.isFile())
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function statOf(root: string, path: string): Stats {
  try {
    return lstatSync(join(root, path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new NoTree(`it has no ${path}`)
    throw new NoTree(`cannot read ${path} (${code})`)
  }
}

function entriesOf(root: string, folder: string): Dirent[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true })
  } catch (error) {
    throw new NoTree(`cannot read ${folder} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function read(root: string, path: string): SourceFile {
  try {
    const source = readInput(join(root, path), MOST_BYTES)
    return source.includes('\0') ? unread(path, 'it is not a text file') : { path, source, why: '' }
  } catch (error) {
    if (error instanceof InputError) return unread(path, error.message)
    throw error
  }
}

const unread = (path: string, why: string): SourceFile => ({ path, source: null, why })
