import { setTimeout as sleep } from 'node:timers/promises'
import { ModelError } from '../../model/language/errors.ts'
import type { RedisClient } from '../queue/packages.ts'
import type { Model } from '../search/parallel/model.ts'
import { BadBatch, readBatch } from './batch-format.ts'
import type { RunSpec, ShardReport } from './run-spec.ts'
import { LEASE_MS, type Replied, type RunKeys, ShardScripts, setBack } from './scripts.ts'
import { BadLog, NO_SHARD, ShardLog } from './shard-log.ts'
import { ShardSearch } from './shard-search.ts'

/** States expanded between two looks at the messages. */
const SLICE = 4096

/** States of a batch from which on it is sent before the level is finished. */
const BATCH = 1024

/** Entries that are read at a time, and from which on they are acknowledged. */
const READ = 32

/** Milliseconds between two signs of life, and two records of the position within a level. */
const ALIVE_EVERY_MS = LEASE_MS / 5
const SAVE_EVERY_MS = 30_000

/** Longest pause of an idle shard in milliseconds. */
const LONGEST_PAUSE_MS = 20

/** What a shard works with. */
export interface ShardRun {
  readonly client: RedisClient
  readonly keys: RunKeys
  readonly spec: RunSpec
  readonly shard: number
  /** Its folder on disk. */
  readonly folder: string
  /** Which disk that is: only a worker with the same one can continue. */
  readonly place: string
  /** Of this process. */
  readonly token: string
  readonly model: Model
  /** Called once when Redis has no room. */
  readonly onFull: (why: string) => void
}

/** How the work on a shard ended: with the run, or because another process has the shard. */
export type ShardEnd = 'ended' | 'lost'

/** The search has to be read back from the log, because the run was set back. */
class SetBack extends Error {
  override readonly name = 'SetBack'
  /** Whether it has to be set back first, because the server was restarted. */
  readonly isRestarted: boolean
  constructor(isRestarted: boolean) {
    super('set back')
    this.isRestarted = isRestarted
  }
}

/** The run is gone, or another process has the shard. */
class Over extends Error {
  override readonly name = 'Over'
  readonly end: ShardEnd
  constructor(end: ShardEnd) {
    super(end)
    this.end = end
  }
}

/**
 * Searches one shard of a run, from wherever its log has it, until the run is over.
 *
 * What is found is written to the log and synced; then the entries that it came from are deleted; and a level ends when
 * what follows from all of its states is in a stream or a log. So a process that is killed at any moment loses nothing:
 * what it had not acknowledged is read again, and states that are known are dropped.
 * @throws BadLog when the log cannot be used; the errors of Redis and of the file system.
 */
export async function runShard(run: ShardRun): Promise<ShardEnd> {
  let runner: ShardRunner | null = null
  for (;;) {
    try {
      runner?.close()
      runner = await ShardRunner.open(run)
      await runner.work()
    } catch (error) {
      if (error instanceof SetBack) {
        if (error.isRestarted) await setBack(run.client, run.keys, run.spec.shards)
        continue
      }
      if (error instanceof Over) return error.end
      if (!(error instanceof ModelError || error instanceof BadBatch)) throw error
      await failed(run, error)
      return 'ended'
    } finally {
      if (runner !== null) runner.close()
    }
  }
}

/** Tells the submitter that no attempt can succeed. */
async function failed({ client, keys, shard }: ShardRun, error: Error): Promise<void> {
  const kind = error instanceof ModelError ? 'model-error' : 'foreign'
  await client.call('HSET', [keys.shard(shard), 'error', JSON.stringify({ kind, message: error.message })])
}

class ShardRunner {
  readonly #run: ShardRun
  readonly #scripts: ShardScripts
  readonly #log: ShardLog
  readonly #search: ShardSearch
  #isClosed = false
  #phase = 'search'
  #lastRead = '0'
  /** Entries whose states are in the log, or about to be. */
  #taken: string[] = []
  #lastAlive = 0
  #lastSaved = performance.now()
  #wasIdle = false
  #hasWarned = false
  /** Whether batches that were taken wait for room. */
  #isSending = false
  #sentBytes = 0
  #messaging = 0

  private constructor(run: ShardRun, scripts: ShardScripts, log: ShardLog, search: ShardSearch) {
    this.#run = run
    this.#scripts = scripts
    this.#log = log
    this.#search = search
  }

  /** Continues where the log ends, or at the beginning of the level if the run was set back since. */
  static async open(run: ShardRun): Promise<ShardRunner> {
    const { client, keys, spec, shard, folder, token, model, place } = run
    const scripts = new ShardScripts(client, keys, shard, spec.shards, token)
    const [generation, level] = (await client.call('HMGET', [keys.run, 'generation', 'level'])) as string[]
    if (generation === null) throw new Over('ended')
    scripts.generation = Number(generation)
    const log = new ShardLog(folder, model.system.layout.words)
    const memory = spec.memoryLimit === null ? {} : { memoryLimit: spec.memoryLimit }
    const { shards, seed, bits } = spec
    const search = new ShardSearch(model, { shard, shards, seed, bits, ...memory }, log)
    const runner = new ShardRunner(run, scripts, log, search)
    try {
      await runner.#resume(Number(level), await client.call('HGET', [keys.shard(shard), 'place']))
      runner.#mustBeOk(await scripts.acknowledge({ ...runner.#fields(false), place }, []))
      return runner
    } catch (error) {
      runner.close()
      throw error
    }
  }

  async work(): Promise<void> {
    let pause = 1
    while (this.#phase === 'search') {
      const isNews = await this.#read()
      if (this.#search.left > 0) this.#search.expand(SLICE)
      await this.#publish()
      if (this.#search.stopped !== null) await this.#report('stopped', this.#search.stopped)
      await this.#acknowledge()
      if (this.#search.left > 0) {
        this.#saveSometimes()
        continue
      }
      const before = this.#search.level
      const advanced = await this.#messages(() => this.#scripts.advance(before))
      this.#follow(advanced)
      pause = isNews || this.#search.level > before ? 1 : Math.min(LONGEST_PAUSE_MS, pause * 2)
      if (pause > 1) await sleep(pause)
    }
    await this.#finish()
  }

  close(): void {
    if (!this.#isClosed) this.#log.close()
    this.#isClosed = true
  }

  /** Puts the search where it stood. */
  async #resume(level: number, place: unknown): Promise<void> {
    const search = this.#search
    const { generation } = this.#scripts
    let now = this.#log.savedNow()
    for (let next = now; next !== null; next = this.#log.savedLevel(now.level + 1)) {
      if (next.generation !== now?.generation) break
      now = next
    }
    if (now === null) {
      if (place !== null) throw new BadLog('its states were on a disk that is not here')
      search.begin()
      this.#log.sync()
      this.#log.saveNow(search.position(generation))
      this.#log.saveLevel(search.position(generation))
      return
    }
    const isSetBack = now.generation !== generation
    const from = isSetBack ? (this.#log.savedLevel(level) ?? now) : now
    if (isSetBack && from.level !== level && !(from.level === level - 1 && from.head <= from.levelEnd))
      throw new BadLog(`it has level ${from.level}, and the run is in ${level}`)
    const isWhole = !isSetBack || from.level !== level
    let alive = performance.now()
    for (const _ of search.restore(from, isWhole)) {
      if (performance.now() - alive < ALIVE_EVERY_MS) continue
      alive = performance.now()
      this.#mustBeOk(await this.#scripts.acknowledge({}, []))
    }
    if (!isSetBack) return
    this.#log.forgetAfter(from.level)
    this.#log.saveNow(search.position(generation))
  }

  /** Receives what arrived. @returns whether something did. */
  async #read(): Promise<boolean> {
    const { client, keys, shard, spec, model } = this.#run
    const stream = keys.stream(shard)
    const entries = await this.#messages(() =>
      client.callBuffer('XREAD', ['COUNT', READ, 'STREAMS', stream, this.#lastRead]),
    )
    if (entries === null) return false
    for (const [id, fields] of entriesOf(entries)) {
      const batch = readBatch(fields[1], model.system.layout.words)
      const isCurrent = batch.generation === this.#scripts.generation
      // A process that continues from the beginning of a level may be behind the others.
      if (isCurrent && batch.level > this.#search.level && (this.#search.left > 0 || this.#isSending)) break
      this.#lastRead = id
      this.#taken.push(id)
      if (!isCurrent) continue
      if (batch.from >= spec.shards) throw new BadBatch(`it is from shard ${batch.from} of ${spec.shards}`)
      // Another shard has heard of the next level before this one.
      if (batch.level === this.#search.level + 1) this.#turn()
      this.#search.receive(batch)
    }
    return true
  }

  /** Sends the batches that are full, or all of a level that is finished. Receives while there is no room. */
  async #publish(): Promise<void> {
    const least = this.#search.left === 0 || this.#search.stopped !== null ? 1 : BATCH
    const { generation } = this.#scripts
    let waiting = this.#search.outgoing(least).map((to) => ({ to, batch: this.#search.take(to, generation) }))
    while (waiting.length > 0) {
      const replies = await this.#messages(() =>
        Promise.all(waiting.map(({ to, batch }) => this.#scripts.publish(to, batch).catch(isFull))),
      )
      const left: typeof waiting = []
      replies.forEach((replied, n) => {
        if (replied === null || replied.reply === 'full') left.push(waiting[n])
        else {
          this.#mustBeOk(replied)
          this.#sentBytes += waiting[n].batch.length
        }
      })
      waiting = left
      if (replies.includes(null) && !this.#hasWarned) {
        this.#hasWarned = true
        this.#run.onFull('Redis has no memory left (maxmemory); waiting until there is some')
      }
      this.#isSending = waiting.length > 0
      if (!this.#isSending) break
      await this.#read()
      await this.#acknowledge(true)
      await sleep(5)
    }
  }

  /** Writes what was found, and deletes the entries it came from. */
  async #acknowledge(isWaiting = false): Promise<void> {
    const isIdle = this.#search.left === 0 && !isWaiting
    const isDue =
      isIdle !== this.#wasIdle ||
      this.#taken.length >= READ ||
      ((isIdle || isWaiting) && this.#taken.length > 0) ||
      performance.now() - this.#lastAlive > ALIVE_EVERY_MS
    if (!isDue) return
    this.#log.sync()
    const taken = this.#taken.splice(0)
    const replied = await this.#messages(() => this.#scripts.acknowledge(this.#fields(isIdle), taken))
    this.#lastAlive = performance.now()
    this.#wasIdle = isIdle
    this.#follow(replied)
  }

  #fields(isIdle: boolean): Record<string, string | number> {
    const { level, next, count, transitions, isViolated } = this.#search
    const idle = isIdle ? 1 : 0
    return { level, idle, next, count, transitions, violated: isViolated ? 1 : 0 }
  }

  /** Takes over the level and the phase of the run. */
  #follow(replied: Replied): void {
    this.#mustBeOk(replied)
    if (replied.phase !== '') this.#phase = replied.phase
    const { level, left } = this.#search
    if (replied.level === level + 1 && left === 0 && !this.#isSending) this.#turn()
  }

  /** Begins the next level: the position there is what a search that is set back continues from. */
  #turn(): void {
    this.#search.turn()
    this.#wasIdle = false
    this.#log.sync()
    this.#log.saveLevel(this.#search.position(this.#scripts.generation))
    this.#lastSaved = performance.now()
  }

  #saveSometimes(): void {
    if (performance.now() - this.#lastSaved < SAVE_EVERY_MS || this.#search.outgoing(1).length > 0) return
    this.#lastSaved = performance.now()
    this.#log.sync()
    this.#log.saveNow(this.#search.position(this.#scripts.generation))
  }

  #mustBeOk({ reply }: Replied): void {
    if (reply === 'ok' || reply === 'wait' || reply === 'full') return
    if (reply === 'gone') throw new Over('ended')
    if (reply === 'lost') throw new Over('lost')
    throw new SetBack(reply === 'restarted')
  }

  /** Reports, and answers where states come from until the run is over. */
  async #finish(): Promise<void> {
    if (this.#phase !== 'stop') this.#search.recheck()
    await this.#report('report', this.#reportNow())
    const { client, keys, shard } = this.#run
    for (let pause = 1; ; ) {
      const asked = await client.call('LPOP', [keys.asked(shard)])
      if (asked !== null) {
        const state = Number(asked)
        const { shard: from, parent, step } = this.#log.originOf(state)
        const origin = { shard: from === NO_SHARD ? null : from, parent, step }
        await client.call('HSET', [keys.answers, `${shard}:${state}`, JSON.stringify(origin)])
        pause = 1
        continue
      }
      if (performance.now() - this.#lastAlive > ALIVE_EVERY_MS) {
        this.#lastAlive = performance.now()
        this.#mustBeOk(await this.#scripts.acknowledge({}, []))
      }
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2)
      await sleep(pause)
    }
  }

  #reportNow(): ShardReport {
    const search = this.#search
    const { deadlocks, antecedents, findings, fired } = search.position(this.#scripts.generation)
    const { user, system } = process.cpuUsage()
    return {
      states: search.count,
      depth: search.level,
      transitions: search.transitions,
      deadlocks,
      fired,
      antecedents,
      findings: findings.map(([id, state, step]) => [id, state, step, search.levelOf(state)]),
      bytes: search.bytes,
      sent: search.sent,
      sentBytes: this.#sentBytes,
      received: search.received,
      receivedNew: search.receivedNew,
      cpu: (user + system) / 1e6,
      messaging: this.#messaging / 1e6,
    }
  }

  async #report(name: string, what: object): Promise<void> {
    this.#log.sync()
    this.#mustBeOk(await this.#scripts.acknowledge({ [name]: JSON.stringify(what) }, []))
    // Until the submitter has seen why.
    while (name === 'stopped' && this.#phase === 'search') {
      await sleep(LONGEST_PAUSE_MS)
      this.#follow(await this.#scripts.acknowledge({}, []))
    }
  }

  /** Does something with messages, and counts its processor time. */
  async #messages<T>(body: () => Promise<T>): Promise<T> {
    const before = process.cpuUsage()
    const result = await body()
    const { user, system } = process.cpuUsage(before)
    this.#messaging += user + system
    return result
  }
}

/** Null for a write that Redis refused because its memory is full. */
function isFull(error: Error): null {
  if (error.message.startsWith('OOM') || error.message.includes(' OOM ')) return null
  throw error
}

type Entry = readonly [id: string, fields: readonly Uint8Array[]]

/** The entries of the only stream of a reply. @throws BadBatch for entries that this program does not write. */
function entriesOf(reply: unknown): Entry[] {
  const [[, entries]] = reply as [[Uint8Array, [Uint8Array, Uint8Array[]][]]]
  return entries.map(([id, fields]) => {
    if (fields.length !== 2 || String(fields[0]) !== 'b') throw new BadBatch('an entry is not from mmucheck')
    return [String(id), fields]
  })
}
