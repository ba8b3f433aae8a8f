import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** True when a command can be run. */
export function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v "$1"`, 'sh', name]).status === 0
}

let updated = false

/**
 * Makes sure that a command exists, on Debian as root by installing the package of that name.
 * @returns null when it exists, else why not.
 */
export function provide(command: string, debianPackage = command): string | null {
  if (hasCommand(command)) return null
  if (!existsSync('/etc/debian_version')) return `${command} is not installed and this is not Debian`
  if (process.getuid?.() !== 0) return `${command} is not installed (apt-get install ${debianPackage})`
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0
  if (!updated) apt('update', '-qq')
  updated = true
  apt('install', '-y', '-qq', '--no-install-recommends', debianPackage)
  return hasCommand(command) ? null : `${command} could not be installed (apt-get install ${debianPackage})`
}
