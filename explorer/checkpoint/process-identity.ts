import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Identifies a process, so that a later process with the same number is not mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in ticks since boot; null if the system does not tell. */
  readonly start: string | null
  /** Where its number is valid: the machine, its boot, and its PID namespace. */
  readonly host: string
  readonly boot: string | null
  readonly namespace: string | null
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    start: stat(process.pid)?.start ?? null,
    host: hostname(),
    boot: read('/proc/sys/kernel/random/boot_id'),
    namespace: namespace(),
  }
}

/**
 * Whether a process is known to have ended. One of another machine or container cannot be inspected, so it may be
 * running. One from before the last boot of this machine has ended.
 */
export function isGone({ pid, start, host, boot, namespace }: ProcessIdentity): boolean {
  const here = thisProcess()
  if (host !== here.host) return false
  if (boot !== here.boot) return boot !== null && here.boot !== null
  if (namespace !== here.namespace) return false
  if (!isRunning(pid)) return true
  const found = stat(pid)
  // /proc may hide processes of other users, and some systems have no /proc.
  if (found === null || start === null) return false
  return found.start !== start || found.isDead
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process was started, and whether it is a zombie; null if that is not known. */
function stat(pid: number): { readonly start: string; readonly isDead: boolean } | null {
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  // From the third field on; the second is a name in parentheses that may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.length < 20 ? null : { start: fields[19], isDead: /^[ZXx]$/.test(fields[0]) }
}

function namespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}
