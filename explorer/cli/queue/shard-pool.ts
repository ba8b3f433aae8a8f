import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LONGEST_MESSAGE, quoted } from '../../../model/language/quoted.ts'
import { makeFolder, replaceFile } from '../../checkpoint/index.ts'
import { programFile } from '../../program-file.ts'
import { specIn } from '../../shards/run-spec.ts'
import { LEASE_MS, releaseShard, renewShard, runKeys } from '../../shards/scripts.ts'
import { REDIS, type Session } from './session.ts'
import type { ShardMessage, ShardOrder } from './shard-process.ts'

/** How often the process of a shard may fail by itself, before that is reported to the submitter. */
const MOST_FAILURES = 3

/** Milliseconds before a shard whose process failed is tried again here. */
const RETRY_MS = 5000

/** The shards that this worker searches, each in a process. */
export class ShardPool {
  readonly #session: Session
  readonly #folder: string
  readonly #most: number
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #say: (line: string) => void
  readonly #warn: (line: string) => void
  readonly #running = new Map<
    string,
    { readonly child: ChildProcess; readonly order: Omit<ShardOrder, 'url'> }
  >()
  readonly #notBefore = new Map<string, number>()
  readonly #warned = new Set<string>()
  readonly #failures = new Map<string, number>()
  /** The runs whose folders are here. */
  readonly #known = new Map<string, string>()
  readonly #place: string

  /**
   * @param folder where the states of shards are kept. @param most shards at a time.
   * @param say prints what is done, `warn` what goes wrong.
   */
  constructor(
    session: Session,
    folder: string,
    most: number,
    env: Readonly<Record<string, string | undefined>>,
    say: (line: string) => void,
    warn: (line: string) => void,
  ) {
    this.#session = session
    this.#folder = folder
    this.#most = most
    const { [REDIS]: _, ...others } = env
    this.#env = others
    this.#say = say
    this.#warn = warn
    this.#place = placeOf(folder)
  }

  get active(): number {
    return this.#running.size
  }

  /** Looks for a shard that no process has, and takes one. Others get the next ones. */
  async look(): Promise<void> {
    const { client, keys } = this.#session
    for (const { order } of this.#running.values())
      await renewShard(client, runKeys(order.run), order.shard, order.token)
    const runs = (await client.call('SMEMBERS', [keys.runs])) as string[]
    for (const [id, folder] of this.#known) if (!runs.includes(id)) this.#removeIfOver(id, folder)
    for (const id of runs) {
      if (this.#running.size >= this.#most) return
      await this.#takeOf(id)
    }
  }

  /** Ends the processes; other workers with the same disk can continue. */
  close(): void {
    for (const { child } of this.#running.values()) child.kill('SIGKILL')
  }

  async #takeOf(id: string): Promise<void> {
    const { client, keys } = this.#session
    const run = keys.run(id)
    const names = runKeys(run)
    const [text, nonce] = (await client.call('HMGET', [run, 'spec', 'nonce'])) as (string | null)[]
    if (text === null || nonce === null) return
    const spec = specIn(text)
    if (
      spec === null ||
      spec.build !== keys.build ||
      !/^[0-9a-f]{16}$/.test(nonce) ||
      !/^[0-9a-f]{16}$/.test(id)
    ) {
      this.#warnOnce(`the run ${quoted(id)} is not one of this build`)
      return
    }
    const folder = join(this.#folder, `${id}-${nonce}`)
    for (let shard = 0; shard < spec.shards; shard++) {
      const name = `${id}:${shard}`
      if (this.#running.has(name) || performance.now() < (this.#notBefore.get(name) ?? 0)) continue
      const place = await client.call('HGET', [names.shard(shard), 'place'])
      if (place !== null && place !== this.#place) continue
      const token = randomBytes(12).toString('hex')
      const mine = await client.call('SET', [names.owner(shard), token, 'NX', 'PX', LEASE_MS])
      if (mine === null) continue
      this.#known.set(id, folder)
      this.#start(name, { run, spec, shard, token, folder: join(folder, String(shard)), place: this.#place })
      return
    }
  }

  #start(name: string, order: Omit<ShardOrder, 'url'>): void {
    const { scenario, design } = order.spec.subject
    const shown = `shard ${order.shard} of ${order.spec.shards} of ${quoted(scenario)} with ${quoted(design)}`
    const child = fork(fileURLToPath(programFile('shard-process')), [], { env: this.#env, stdio: 'inherit' })
    this.#running.set(name, { child, order })
    this.#say(`${shown}: begun (process ${child.pid})`)
    let how = 'its process was lost'
    child.on('message', (message: ShardMessage) => {
      if (message.kind === 'failed') this.#noteFailure(name, order, message.why)
      if (message.kind === 'line') this.#warn(`${shown}: ${quoted(message.text, LONGEST_MESSAGE)}`)
      else how = message.kind === 'end' ? message.how : message.why
    })
    child.on('error', () => {})
    child.on('exit', () => {
      this.#running.delete(name)
      releaseShard(this.#session.client, runKeys(order.run), order.shard, order.token).catch(() => {})
      if (how === 'ended') this.#say(`${shown}: ended`)
      else {
        this.#notBefore.set(name, performance.now() + (how === 'its process was lost' ? 0 : RETRY_MS))
        this.#warnOnce(`${shown}: ${quoted(how, LONGEST_MESSAGE)}`)
      }
    })
    child.send({ ...order, url: this.#session.address.secretUrl })
  }

  /** Another attempt gives the same: the submitter must not wait for it. */
  #noteFailure(name: string, { run, shard }: Omit<ShardOrder, 'url'>, why: string): void {
    const failures = (this.#failures.get(name) ?? 0) + 1
    this.#failures.set(name, failures)
    if (failures < MOST_FAILURES) return
    const error = JSON.stringify({ kind: 'failed', message: why })
    this.#session.client.call('HSET', [runKeys(run).shard(shard), 'error', error]).catch(() => {})
  }

  #removeIfOver(id: string, folder: string): void {
    for (const name of this.#running.keys()) if (name.startsWith(`${id}:`)) return
    rmSync(folder, { recursive: true, force: true })
    this.#known.delete(id)
  }

  #warnOnce(line: string): void {
    if (!this.#warned.has(line)) this.#warn(line)
    this.#warned.add(line)
  }
}

/** The name of a folder, kept in it: whether another worker sees the same one does not depend on what it is called. */
function placeOf(folder: string): string {
  makeFolder(folder)
  const file = join(folder, 'place')
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (/^[0-9a-f]{24}$/.test(known)) return known
  replaceFile(file, `${randomBytes(12).toString('hex')}\n`)
  return readFileSync(file, 'utf8').trim()
}
