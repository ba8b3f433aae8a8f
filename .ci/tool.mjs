// Runs a program that only a checkout has (TOOLS in programs.mjs): `node .ci/tool.mjs NAME [ARGUMENT...]`.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TOOLS } from './programs.mjs'
import { ready, report } from './ready.mjs'

process.exitCode = 70
const name = process.argv[2]
if (!Object.hasOwn(TOOLS, name))
  throw new Error(`no tool ${name}; there are ${Object.keys(TOOLS).join(', ')}`)
const folder = await ready().catch((error) => process.exit(report(error)))
const program = join(folder, 'tools', `${name}.mjs`)
// The program sees its own name and arguments.
process.argv.splice(1, 2, program)
process.exitCode = undefined
await import(pathToFileURL(program).href)
