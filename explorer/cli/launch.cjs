// Finds the built program and runs it in this process. Whatever keeps it from starting ends with status 70, which
// is no verdict; Node's own statuses are (1 for a module that does not load: "violated").
'use strict'
const { existsSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const root = join(__dirname, '..', '..')
const preparation = join(root, '.ci', 'ready.mjs')

// Until the program has set another status, ending for whatever reason is a failure.
const isBisected = process.argv[2] === 'bisect-run'
process.exitCode = isBisected ? 128 : 70
launch().catch((error) => {
  const line = String(error?.message ?? error).split('\n')[0]
  console.error(`mmucheck: internal error: the program does not start: ${line}`)
})

/** In a checkout the program is built first where the sources changed: old code must not run as if it were new. */
async function launch() {
  const folder = existsSync(preparation) ? await readyCheckout() : installedBuild()
  if (folder !== null) await import(pathToFileURL(join(folder, 'main.mjs')).href)
}

async function readyCheckout() {
  const { ready, report } = await import(pathToFileURL(preparation).href)
  return ready().catch((error) => {
    const status = report(error)
    // `git bisect run` skips a commit that cannot be built; it would take another status for a bad one.
    process.exitCode = isBisected ? 125 : status
    return null
  })
}

/** An installed package holds one build. */
function installedBuild() {
  const dist = join(root, 'dist')
  const builds = readdirSync(dist).filter((name) => existsSync(join(dist, name, 'stamp.json')))
  if (builds.length !== 1)
    throw new Error(`${dist} holds ${builds.length} builds in place of one; install it again`)
  return join(dist, builds[0])
}
