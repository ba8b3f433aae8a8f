// One process at a time: `npm ci` begins by removing what another one just installed, and two builds of the same
// sources take twice the time of one.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from './failure.mjs'

/** Name of the lock in the folder that it guards. It holds the id of the process that has it. */
export const LOCK = '.lock'

const LONGEST_WAIT_MS = 15 * 60_000

/**
 * Does something that no other process does in this folder meanwhile. A lock whose process is gone is taken over.
 * @throws Failure when another process has the lock for a quarter of an hour.
 */
export async function locked(folder, work) {
  const lock = join(folder, LOCK)
  const begun = Date.now()
  while (!take(lock)) {
    if (Date.now() - begun > LONGEST_WAIT_MS) {
      throw new Failure(
        `another build has not ended for a quarter of an hour; if none runs, remove ${lock}`,
        70,
      )
    }
    await sleep(100)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** Makes the lock, unless there is one. It is never seen without the id in it. */
function take(lock) {
  const own = `${lock}-${process.pid}`
  writeFileSync(own, `${process.pid}`)
  try {
    linkSync(own, lock)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    removeLost(lock)
    return false
  } finally {
    rmSync(own)
  }
}

/** Removes the lock of a process that is gone. */
function removeLost(lock) {
  if (ownerLives(lock)) return
  const aside = `${lock}-${process.pid}-lost`
  try {
    renameSync(lock, aside)
    // Another process may have taken the lost one away and made its own in between: that one goes back.
    if (ownerLives(aside)) linkSync(aside, lock)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
  rmSync(aside, { force: true })
}

function ownerLives(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    return pid > 0 && isAlive(pid)
  } catch (error) {
    if (error.code === 'ENOENT') return true
    throw error
  }
}

/** True when a process with this id runs. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
