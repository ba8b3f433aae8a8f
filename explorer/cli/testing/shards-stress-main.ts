import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { xoshiro } from '../../state/index.ts'
import { resultSchema } from '../report/result-json.ts'
import { RedisServer, Running, until, whyNoQueue } from './queue-programs.ts'

/**
 * `npm run shards:stress -- [SCENARIO] [SHARDS] [KILLS] [SEED]`: one exhaustive search over shards whose processes and workers
 * are killed at random moments, compared with the same search in one process. Ends with status 1 where they differ. The
 * default has 4.5 million states, tdp-composite has 30.8.
 */

const [scenario = 'composite-two-vcpus', shards = '3', kills = '10', seed = '1'] = process.argv.slice(2)

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-shards-stress-'))
const say = (line: string): void => console.log(line)

/** What must be equal. */
function essence(name: string): string {
  const [check] = resultSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))).checks
  const { complete, states, transitions, depth, deadlocks, steps, properties } = check
  const verdicts = properties.map(({ id, verdict, antecedent }) => ({ id, verdict, antecedent }))
  return JSON.stringify({ complete, states, transitions, depth, deadlocks, verdicts, steps })
}

async function stress(): Promise<boolean> {
  const redis = await RedisServer.start()
  const env = { MMUCHECK_REDIS: redis.url }
  const random = xoshiro(Number(seed))
  const draw = (most: number): number => (random() >>> 0) % most
  const worker = (n: number): Running =>
    new Running(['worker', '--workers', '1', '--dir', join(folder, `states-${n}`)], env)
  const workers = Array.from({ length: Number(shards) }, (_, n) => worker(n))
  const processes = (): number[] =>
    workers
      .flatMap(({ out }) => [...out.matchAll(/begun \(process (\d+)\)/g)].map(([, pid]) => Number(pid)))
      .filter((pid) => existsSync(`/proc/${pid}`))
  const common = [scenario, '--property', 'no-deadlock', '--out', join(folder, 'out')]
  try {
    const many = ['submit', ...common, '--shards', shards, '--json', join(folder, 'shards.json')]
    const submitted = new Running(many, env)
    let isOver = false
    submitted.status.then(
      () => {
        isOver = true
      },
      () => {},
    )
    await until(() => processes().length > 0 || isOver, 300)
    for (let n = 0; n < Number(kills); n++) {
      await new Promise((resolve) => setTimeout(resolve, 2000 + draw(6000)))
      if (isOver) break
      // Every third time a whole worker, which comes back.
      if (n % 3 === 2) {
        const which = draw(workers.length)
        workers[which].kill('SIGKILL')
        workers[which] = worker(which)
        say(`kill ${n + 1}: worker ${which}`)
      } else {
        const alive = processes()
        const pid = alive[draw(alive.length)]
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
        say(`kill ${n + 1}: process ${pid}`)
      }
    }
    const status = await submitted.status
    say(submitted.err.trim())
    say(submitted.out.trim())
    const one = ['check', ...common, '--reduce', 'none', '--storage', 'fingerprint']
    const alone = new Running([...one, '--fingerprint-bits', '96', '--json', join(folder, 'alone.json')])
    const expected = await alone.status
    const isSame = status === expected && essence('shards.json') === essence('alone.json')
    say(isSame ? `equal: ${essence('alone.json').slice(0, 120)}` : 'DIFFERENT')
    if (!isSame) for (const name of ['shards.json', 'alone.json']) say(essence(name))
    return isSame
  } finally {
    for (const each of workers) each.kill('SIGKILL')
    await redis.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

const why = whyNoQueue()
if (why !== null) throw new Error(`not run: ${why}`)
process.exitCode = (await stress()) ? 0 : 1
