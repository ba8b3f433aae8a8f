import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, so that it can be told from a later one that was given its number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it was started, in ticks since the machine was; null where the system does not say. */
  readonly start: string | null
  /** Where its number means something: the machine, its run since it was started, and the namespace of numbers. */
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
 * Whether a process runs no more. One of another machine or container cannot be looked at, so it may run, unless it
 * ran on this machine before that was started again.
 */
export function isGone({ pid, start, host, boot, namespace }: ProcessIdentity): boolean {
  const here = thisProcess()
  if (host !== here.host) return false
  if (boot !== here.boot) return boot !== null && here.boot !== null
  if (namespace !== here.namespace) return false
  if (!isRunning(pid)) return true
  const found = stat(pid)
  // Others' entries in /proc may be hidden, and some systems have none.
  if (found === null || start === null) return false
  return found.start !== start || found.isDead
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Others' processes cannot be sent signals.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process was started, and whether it is dead and only not waited for yet; null where that is not known. */
function stat(pid: number): { readonly start: string; readonly isDead: boolean } | null {
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  // The third field and those behind it; the second is a name in parentheses that may hold anything.
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
