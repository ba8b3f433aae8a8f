// What the tests of work over several machines need besides the checkout: a Redis server from Debian's package, which the
// tests start on loopback, and the two optional packages. Where one cannot be had the tests are skipped, and say why.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const run = (command, args, env = {}) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } })

function note(what, { status, error, stderr }) {
  if (status === 0) return
  const why = error?.message ?? stderr?.trim().split('\n').at(-1) ?? `status ${status}`
  process.stderr.write(
    `.ci/queue.mjs: ${what} cannot be installed (${why}); tests that need it are skipped\n`,
  )
}

if (run('redis-server', ['--version']).status !== 0) {
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  // A new machine has no list of packages, and an old list names versions that are gone.
  run('apt-get', ['update'], env)
  note('redis-server', run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], env))
}
const isThere = (name) => existsSync(join(root, 'node_modules', name, 'package.json'))
if (!isThere('bullmq') || !isThere('ioredis')) {
  const args = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    'bullmq@6.7.0',
    'ioredis@6.0.0',
  ]
  note('bullmq', run('npm', args))
  // npm may have nothing to do, and say nothing.
  if (!isThere('bullmq') || !isThere('ioredis'))
    note('bullmq', { status: null, stderr: 'npm did not install it' })
}
