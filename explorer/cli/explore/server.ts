import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Bytes of a request. */
const MOST_BYTES = 1 << 20

/** What the server answers with. */
export interface Routes {
  /** The page, and the content policy that goes with it. */
  readonly page: { readonly text: string; readonly policy: string }
  /** Answers a request, by its name and the JSON it brings. The result is sent as JSON. */
  answer(name: string, body: unknown): object
}

/** A server that runs. */
export interface Serving {
  /** Address of the page, key included. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves one page and its requests on a random port of 127.0.0.1, to readers that know a random key. Other pages in the
 * same browser get nothing: Host and Origin must be this server's own, so that neither their requests nor a name that
 * they let point here count.
 */
export async function serve(routes: Routes): Promise<Serving> {
  const key = randomBytes(18).toString('base64url')
  const server = createServer((request, response) => {
    handle(request, response, routes, key, server).catch(() => {
      if (!response.headersSent) refuse(response, 500)
      else response.destroy()
    })
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, resolve)
  })
  return {
    url: `http://${hostOf(server)}/${key}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const hostOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { page, answer }: Routes,
  key: string,
  server: Server,
): Promise<void> {
  const host = hostOf(server)
  const { host: asked, origin, 'content-type': type } = request.headers
  if (asked !== host) return refuse(response, 403)
  if (origin !== undefined && origin !== `http://${host}`) return refuse(response, 403)
  const [, given = '', name = '', ...rest] = (request.url ?? '').split('/')
  if (!isEqual(given, key) || rest.length > 0) return refuse(response, 404)
  if (request.method === 'GET' && name === '') {
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': page.policy }
    send(response, 200, page.text, headers)
    return
  }
  if (request.method !== 'POST' || origin === undefined || type !== 'application/json')
    return refuse(response, 405)
  const text = await bodyOf(request)
  if (text === null) return refuse(response, 413)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return refuse(response, 400)
  }
  send(response, 200, JSON.stringify(answer(name, body)), { 'content-type': 'application/json' })
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...headers,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
  })
  response.end(text)
}

const refuse = (response: ServerResponse, status: number): void =>
  send(response, status, '', { connection: 'close' })

function isEqual(given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(key)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The text of a request; null if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (bytes > MOST_BYTES) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
