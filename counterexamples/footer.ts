import type { Replayed } from './replay.ts'
import { WIDTH, wrap } from './text-layout.ts'

/** Where the design comes from in the kernel; empty for one that comes from nowhere, or from a file. */
export function footer({ design }: Pick<Replayed, 'design'>): string[] {
  const { kernel } = design
  if (kernel === undefined || kernel.version === 'none') return []
  const { function: fn, commit, version } = kernel
  const where = [...(commit === undefined ? [] : [`commit ${commit}`]), rangeInWords(version)].join(', ')
  return wrap(`Kernel: ${/^\w+$/.test(fn) ? `${fn}()` : fn}, ${where}`, WIDTH, 4)
}

/** `..v5.15` as `up to v5.15`, `v5.9..v5.10` as `v5.9 to v5.10`; anything else as it is. */
const rangeInWords = (version: string): string =>
  version.replace(/^\.\./, 'up to ').replace(/\.\.(?=v)/, ' to ')
