import { spawnSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'

/** What a reader must know about the machine, without host or folder names. */
export function machineNotes(tools: readonly string[]): string[] {
  const [cpu] = cpus()
  const load = loadavg()
    .map((l) => l.toFixed(1))
    .join(', ')
  return [
    `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    `Node ${process.version} (V8 ${process.versions.v8})`,
    ...tools.map((tool) => `${tool}: ${versionOf(tool)}`),
    `load average at the start: ${load}`,
  ]
}

function versionOf(tool: string): string {
  const flag = tool === 'spin' ? '-V' : '--version'
  const { stdout } = spawnSync(tool, [flag], { encoding: 'utf8' })
  return (stdout ?? '').split('\n')[0].trim()
}
