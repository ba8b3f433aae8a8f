import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Serving, serve } from './server.ts'

let serving: Serving
beforeAll(async () => {
  serving = await serve({
    page: { text: '<!doctype html>', policy: "default-src 'none'" },
    answer: (name, body) => ({ name, body }),
  })
})
afterAll(() => serving.close())

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Sends a request as another program could. */
function ask({ method = 'GET', path, headers = {}, body }: Asked): Promise<{ status: number; text: string }> {
  const { hostname, port, pathname } = new URL(serving.url)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path: path ?? pathname, method, headers }, (response) => {
      let text = ''
      response.on('data', (part) => {
        text += String(part)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }
const own = () => ({ ...JSON_TYPE, origin: new URL(serving.url).origin })
const to = (name: string) => new URL(serving.url).pathname + name

describe('the server of a page', () => {
  it('serves the page to those who know the key', async () => {
    expect(await ask({})).toMatchObject({ status: 200, text: '<!doctype html>' })
  })

  it('answers the page', async () => {
    const { status, text } = await ask({ method: 'POST', path: to('path'), headers: own(), body: '{"a":1}' })
    expect([status, JSON.parse(text)]).toEqual([200, { name: 'path', body: { a: 1 } }])
  })

  it.each<[string, () => Asked, number]>([
    ['no key', () => ({ path: '/' }), 404],
    ['another key', () => ({ path: `/${'x'.repeat(24)}/` }), 404],
    ['another host', () => ({ headers: { host: 'evil.example' } }), 403],
    ['a name that points here', () => ({ headers: { host: `localhost:${new URL(serving.url).port}` } }), 403],
    [
      'another origin',
      () => ({
        method: 'POST',
        path: to('path'),
        headers: { ...JSON_TYPE, origin: 'http://evil.example' },
        body: '{}',
      }),
      403,
    ],
    ['no origin', () => ({ method: 'POST', path: to('path'), headers: JSON_TYPE, body: '{}' }), 405],
    [
      'a form',
      () => ({
        method: 'POST',
        path: to('path'),
        headers: { ...own(), 'content-type': 'text/plain' },
        body: '{}',
      }),
      405,
    ],
    ['no JSON', () => ({ method: 'POST', path: to('path'), headers: own(), body: '{' }), 400],
    [
      'too much',
      () => ({ method: 'POST', path: to('path'), headers: own(), body: ' '.repeat((1 << 20) + 1) }),
      413,
    ],
  ])('refuses %s', async (_, asked, status) => {
    expect((await ask(asked())).status).toBe(status)
  })

  it('is bound to loopback, with a key in its address', () => {
    expect(serving.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/$/)
  })
})
