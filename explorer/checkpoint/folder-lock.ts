import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { quotedPath } from '../../model/language/quoted.ts'
import { writeNewFile } from './atomic-file.ts'
import { makeFolder } from './make-folder.ts'
import { isGone, type ProcessIdentity, thisProcess } from './process-identity.ts'

/** The name of a lock, and of one that is being written. */
const LOCK = /^lock-[0-9a-f]{16}(\.tmp)?$/

/** Largest lock that is read. */
const MOST_BYTES = 4096

const holderShape = z.strictObject({
  pid: z.int().positive(),
  start: z.string().nullable(),
  host: z.string(),
  boot: z.string().nullable(),
  namespace: z.string().nullable(),
}) satisfies z.ZodType<ProcessIdentity>

/** Another process uses the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
}

/** The exclusive use of a folder. */
export interface FolderLock {
  /** Ends it. */
  release(): void
}

/**
 * Locks a folder, which is created if necessary, for this process.
 *
 * Each process writes a lock with a unique name into the folder, and then looks for others. So of two that start at the
 * same time at least one sees the other and gives up (both may), and removing the lock of a dead process can never
 * remove that of another. Locks that a timer keeps alive, such as those of proper-lockfile, do not work here: after
 * `kill -9` the next run must start at once, and a run that was stopped for an hour (SIGSTOP, a suspended laptop) must
 * still hold its folder.
 * @throws FolderInUse when another process has it; the error of the file system when no lock can be made.
 */
export function lockFolder(folder: string): FolderLock {
  makeFolder(folder)
  const name = `lock-${randomBytes(8).toString('hex')}`
  const path = join(folder, name)
  const release = (): void => rmSync(path, { force: true })
  writeNewFile(`${path}.tmp`, [new TextEncoder().encode(JSON.stringify(thisProcess()))])
  renameSync(`${path}.tmp`, path)
  try {
    for (const other of readdirSync(folder))
      if (LOCK.test(other) && other !== name) removeIfGone(folder, other)
  } catch (error) {
    release()
    throw error
  }
  return { release }
}

/** Removes another lock if its process is gone. @throws FolderInUse if it is not. */
function removeIfGone(folder: string, name: string): void {
  const path = join(folder, name)
  const holder = holderOf(path)
  if (holder === 'none') return
  if (holder === 'unknown') {
    // A lock that is being written does not count yet.
    if (name.endsWith('.tmp')) return
    throw new FolderInUse(
      `${quotedPath(folder)} is locked by ${name}, which cannot be read; remove it if nothing uses the folder`,
    )
  }
  if (isGone(holder)) rmSync(path, { force: true })
  else if (!name.endsWith('.tmp'))
    throw new FolderInUse(`${quotedPath(folder)} is in use by ${nameOf(holder, name)}`)
}

function nameOf({ pid, host }: ProcessIdentity, lock: string): string {
  if (host === thisProcess().host) return `process ${pid}; wait for it, or name another folder`
  return `process ${pid} of another machine or container; wait for it, or remove ${lock} there if it is gone`
}

/** The process that holds a lock; `none` if it was released meanwhile. */
function holderOf(path: string): ProcessIdentity | 'none' | 'unknown' {
  try {
    const found = statSync(path)
    if (!found.isFile() || found.size > MOST_BYTES) return 'unknown'
    const holder = holderShape.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    return holder.success ? holder.data : 'unknown'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unknown'
  }
}
