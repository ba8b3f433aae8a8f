// node .ci/browser/run.mjs: opens the pages of the known counterexamples in Chromium, and lets Mermaid read what is
// written in its language. Says "skipped" in one line where no browser can be had.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The designs whose counterexamples are opened as pages. */
const DRAWN = ['prev-roots-tested-by-current', 'request-before-invalid']
const SCENARIOS = ['roots-zap-all', 'roots-zap-one']

const failures = []
const check = (holds, what) => {
  if (!holds) failures.push(what)
}

/** Ids of the counterexamples of these designs that are kept with the model. */
function knownOf(designs) {
  const files = readdirSync(join(root, 'counterexamples', 'known')).sort()
  const { counterexamples } = JSON.parse(
    readFileSync(join(root, 'counterexamples', 'known', files.at(-1)), 'utf8'),
  )
  return counterexamples
    .filter(({ design, scenario }) => designs.includes(design) && SCENARIOS.includes(scenario))
    .map(({ id }) => id)
}

function skip(why) {
  console.log(`browser: skipped: ${why}`)
  process.exit(0)
}

/** The path of Chromium; installs Debian's where that is possible. */
function browser() {
  const found = () => [process.env.CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path))
  if (found() === undefined && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.error('browser: installing Chromium (once)')
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']])
      spawnSync('apt-get', args, {
        stdio: 'ignore',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      })
  }
  return found() ?? skip('there is no Chromium, and it cannot be installed')
}

function installPackages() {
  const installed = join(here, 'node_modules', '.package-lock.json')
  const isOld = () => statSync(installed).mtimeMs < statSync(join(here, 'package-lock.json')).mtimeMs
  if (existsSync(installed) && !isOld()) return
  console.error('browser: installing playwright-core and mermaid (once)')
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline']
  const { status } = spawnSync('npm', args, {
    cwd: here,
    stdio: 'ignore',
    shell: process.platform === 'win32',
  })
  if (status !== 0) skip('npm ci failed in .ci/browser')
}

const run = promisify(execFile)
const mmucheck = async (...args) => {
  const program = join(root, 'explorer', 'cli', 'mmucheck.cjs')
  return (await run(process.execPath, [program, ...args], { maxBuffer: 1 << 26 })).stdout
}

/** Runs at most two at a time. */
async function each(items, work) {
  const rest = [...items]
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
  }
  await Promise.all([worker(), worker()])
}

/** The page of one counterexample, as a reader uses it. */
async function readPage(context, id, path) {
  const page = await context.newPage()
  const bad = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) bad.push(message.text())
  })
  page.on('pageerror', (error) => bad.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) bad.push(`asks for ${request.url()}`)
  })
  const at = () => page.evaluate(() => location.hash)
  const size = () =>
    page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement
      return { width: scrollWidth, height: scrollHeight }
    })
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto(pathToFileURL(path).href)
  const last = Number((await at()).slice(1))
  check(last > 0, `${id}: does not open at the violation`)
  check((await size()).height <= 800, `${id}: something is below the fold at 1280x800`)
  check((await page.locator('.picture rect').count()) > 1, `${id}: has no picture`)
  const panes = await page.evaluate(() =>
    ['.steps', '.state'].map((name) => document.querySelector(name).getBoundingClientRect().left),
  )
  check(panes[1] > panes[0] + 300, `${id}: the state is not beside the steps`)
  await page.keyboard.press('k')
  check(Number((await at()).slice(1)) < last, `${id}: k does not go back`)
  await page.goBack()
  check(
    (await page.locator('.where').textContent()).startsWith(`step ${last} `),
    `${id}: ignores the address`,
  )
  await page.evaluate(() => {
    location.hash = '#2'
  })
  await page.waitForFunction(() => document.querySelector('.where').textContent.startsWith('step 2 '))
  for (const key of ['?', 'Escape', 'm', 'J', 'K', 'r', 'v', 'v', 'v', 'c', 'w', 'g', 'G'])
    await page.keyboard.press(key)
  await page.setViewportSize({ width: 400, height: 800 })
  check((await size()).width <= 400, `${id}: scrolls sideways at 400 pixels`)
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await ground()
  await page.emulateMedia({ colorScheme: 'dark' })
  check((await ground()) !== light, `${id}: is not dark where that is preferred`)
  await page.emulateMedia({ media: 'print' })
  const printed = await page.evaluate(() =>
    ['#text', '#app'].map((name) => getComputedStyle(document.querySelector(name)).display),
  )
  check(printed[0] === 'block' && printed[1] === 'none', `${id}: is not printed as text`)
  for (const message of bad) failures.push(`${id}: ${message}`)
  await page.close()
}

/** What is explored by hand: of the catalogue, and of files of the user, JSON and code. */
const examples = join(root, 'docs', 'examples')
const EXPLORED = [
  ['roots-zap-one', '--design', 'R3'],
  ['roots-zap-one', '--design', join(examples, 'request-first.json')],
  ['roots-zap-one', '--design', join(examples, 'init', 'my-change.ts')],
  ['--scenario', join(examples, 'two-vcpus.json')],
]

/** Explores by hand: takes a step, undoes it, searches for a condition, and saves the path. */
async function explore(context, args) {
  const program = join(root, 'explorer', 'cli', 'mmucheck.cjs')
  const child = spawn(process.execPath, [program, 'explore', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const name = `explore ${args.at(-1)}`
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    const url = await Promise.race([
      new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim()))),
      ended.then((status) => {
        throw new Error(`${name}: ends with ${status}, without an address`)
      }),
    ])
    const page = await context.newPage()
    const bad = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) bad.push(message.text())
    })
    page.on('pageerror', (error) => bad.push(String(error)))
    const lines = (n) =>
      page.waitForFunction((most) => document.querySelectorAll('.number').length === most, n)
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(url)
    await page.click('[data-take="1"]')
    await page.waitForFunction(() => document.querySelectorAll('.line').length > 1)
    await page.click('#undo')
    await lines(1)
    await page.fill('input[name=condition]', 'page[0].role_invalid && vcpu0.mode == IN_GUEST_MODE')
    await page.click('button[type=submit]')
    await page.waitForFunction(() => document.querySelectorAll('.line').length > 5)
    const size = () =>
      page.evaluate(() => {
        const { scrollWidth, scrollHeight } = document.documentElement
        return { width: scrollWidth, height: scrollHeight }
      })
    check((await size()).height <= 800, `${name}: something is below the fold`)
    await page.click('#save')
    await page.waitForFunction(() => document.querySelector('output').textContent !== '')
    await page.setViewportSize({ width: 400, height: 800 })
    check((await size()).width <= 400, `${name}: scrolls sideways at 400 pixels`)
    await page.emulateMedia({ media: 'print' })
    const printed = await page.evaluate(() =>
      ['.line', '.picture', '.choices'].map((each) => document.querySelector(each).checkVisibility()),
    )
    check(printed.join() === 'true,true,false', `${name}: is not printed as path and state`)
    for (const message of bad) failures.push(`${name}: ${message}`)
    await page.close()
  } finally {
    child.kill('SIGINT')
    check((await ended) === 130, `${name}: does not end with its terminal`)
  }
}

/** Texts in Mermaid's language, by what they show. */
async function mermaidTexts(known) {
  const machines = JSON.parse(await mmucheck('list', 'machines', '--json'))
  const texts = new Map()
  await each(known, async (id) => texts.set(id, await mmucheck('show', id, '--as', 'mermaid')))
  await each(machines, async ({ id }) => texts.set(id, await mmucheck('machine', id, '--as', 'mermaid')))
  return texts
}

const executablePath = browser()
installPackages()
const { chromium } = await import('playwright-core')
const began = Date.now()
const folder = mkdtempSync(join(tmpdir(), 'mmucheck-browser-'))
try {
  await mmucheck('--version')
  const known = knownOf(DRAWN)
  await each(known, async (id) =>
    writeFileSync(join(folder, `${id}.html`), await mmucheck('show', id, '--as', 'html')),
  )
  const texts = await mermaidTexts(known)
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    headless: true,
    args: FLAGS,
  })
  for (const id of known) await readPage(context, id, join(folder, `${id}.html`))
  for (const args of EXPLORED) await explore(context, args)
  const page = await context.newPage()
  await page.addScriptTag({ path: join(here, 'node_modules', 'mermaid', 'dist', 'mermaid.min.js') })
  for (const [id, text] of texts) {
    const wrong = await page.evaluate(
      (source) =>
        mermaid.parse(source).then(
          () => null,
          (error) => String(error),
        ),
      text,
    )
    check(wrong === null, `${id} as mermaid: ${wrong}`)
  }
  await context.close()
  for (const failure of failures) console.log(`browser: ${failure}`)
  const seconds = Math.round((Date.now() - began) / 1000)
  console.log(
    `browser: ${failures.length} failures; ${known.length} pages opened, ${EXPLORED.length} explored, ${texts.size} diagrams parsed in ${seconds} s`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
