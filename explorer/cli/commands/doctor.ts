import { availableParallelism, totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

import xstate from 'xstate/package.json' with { type: 'json' }
import { z } from 'zod'
import { printableJson } from '../../../model/language/quoted.ts'
import { allProperties } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { readOptions } from '../options.ts'

const options = z.object({ json: z.boolean().default(false) })

const MIB = 1024 * 1024

/** `mmucheck doctor`: what a bug report should contain. */
export function doctor({ io, version, modelHash, catalogue }: CommandContext, raw: unknown): number {
  const { json } = readOptions(options, raw)
  const facts = {
    mmucheck: version,
    model: modelHash(),
    scenarios: catalogue.scenarios.length,
    designs: catalogue.designs.length,
    properties: allProperties(catalogue).length,
    node: process.version,
    v8: process.versions.v8,
    // The model is defined by its `transition()`.
    xstate: xstate.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / MIB),
    memoryLimitMiB: Math.floor(limitOf(process.constrainedMemory()) / MIB),
    heapLimitMiB: Math.floor(getHeapStatistics().heap_size_limit / MIB),
  }
  if (json) io.out(printableJson(facts))
  else for (const [what, value] of Object.entries(facts)) io.out(`${what.padEnd(16)}${value}`)
  return 0
}

/** The limit of the control group, or the machine's memory if there is none. */
function limitOf(constrained: number | undefined): number {
  const all = totalmem()
  return constrained === undefined || constrained === 0 || constrained > all ? all : constrained
}
