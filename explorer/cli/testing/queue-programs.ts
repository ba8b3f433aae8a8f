import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageInfo } from '../package-info.ts'

/** Programs for the tests of work over several machines: a Redis on loopback, and the built `mmucheck`. */

const CHECKOUT = packageInfo().root

/** Why these tests cannot run here; null if they can. */
export function whyNoQueue(): string | null {
  if (spawnSync('redis-server', ['--version']).status !== 0) return 'there is no redis-server'
  try {
    const { resolve } = createRequire(import.meta.url)
    resolve('bullmq')
    resolve('ioredis')
    return null
  } catch {
    return 'bullmq and ioredis are not installed'
  }
}

/** A Redis server with a separate folder; it survives restarts on the same port. */
export class RedisServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'mmucheck-redis-'))
  readonly port: number
  readonly password: string
  #child: ChildProcess | null = null

  private constructor(port: number, password: string) {
    this.port = port
    this.password = password
  }

  static async start(password = '', ...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), password)
    await server.restart(...options)
    return server
  }

  get url(): string {
    const user = this.password === '' ? '' : `:${encodeURIComponent(this.password)}@`
    return `redis://${user}127.0.0.1:${this.port}`
  }

  /** Starts it, with what it had on disk. */
  async restart(...options: readonly string[]): Promise<void> {
    const secret = this.password === '' ? [] : ['--requirepass', this.password]
    const args = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '']
    const all = [...args.map(String), '--appendonly', 'yes', '--logfile', 'log', ...secret, ...options]
    const child = spawn('redis-server', all, { stdio: 'ignore' })
    this.#child = child
    await until(() => this.cli('PING').trim() === 'PONG')
  }

  /** Ends it, at once. */
  async kill(): Promise<void> {
    await ended(this.#child, 'SIGKILL')
    this.#child = null
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** What `redis-cli` prints for a command. */
  cli(...command: readonly string[]): string {
    const { stdout } = spawnSync('redis-cli', ['-p', String(this.port), ...command], {
      encoding: 'utf8',
      env: { ...process.env, ...(this.password === '' ? {} : { REDISCLI_AUTH: this.password }) },
    })
    return stdout
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A running `mmucheck`. */
export class Running {
  out = ''
  err = ''
  readonly child: ChildProcess
  readonly status: Promise<number | null>

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [join(CHECKOUT, 'explorer/cli/mmucheck.cjs'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', (text) => {
      this.out += text
    })
    this.child.stderr?.on('data', (text) => {
      this.err += text
    })
    this.status = new Promise((resolve) => {
      this.child.on('close', (status) => resolve(status))
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }
}

/** Waits until something is so. @throws Error after a minute. */
export async function until(isSo: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not so after ${seconds} s: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function ended(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill(signal)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
