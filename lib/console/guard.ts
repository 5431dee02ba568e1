/**
 * Who may talk to the console: a page of its own, in a browser that was shown its token. It listens on this computer only,
 * but any site that a browser shows may send requests here (cross-site requests), also under a name of its own that it makes
 * point here (DNS rebinding): https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { ConsoleError } from './problem.ts'

export interface GuardOptions {
  /** Unguessable. */
  readonly token: string
  /** Under which the server listens; it is asked for at each request, since a free port is known once it does. */
  readonly port: () => number
}

export const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    // Layouts of large graphs are made in a worker, a file of the page.
    workerSrc: ["'self'"],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  crossOriginResourcePolicy: 'same-origin',
  crossOriginOpenerPolicy: 'same-origin',
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
  xContentTypeOptions: 'nosniff',
  // Of hosts that serve https.
  strictTransportSecurity: false,
})

/** Refuses whatever is not asked for by the console's own page, or by a person who opens its address. */
export function guard({ token, port }: GuardOptions) {
  return createMiddleware(async (c, next) => {
    const own = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`)
    const host = c.req.header('host') ?? ''
    if (!own.includes(host)) throw forbidden(`it answers under ${own[0]} only; got the host '${host}'`)
    const origin = c.req.header('origin')
    if (origin !== undefined && origin !== `http://${host}`)
      throw forbidden(`pages of '${origin}' may not ask it`)
    const isPage = c.req.path === '/'
    const site = c.req.header('sec-fetch-site') ?? 'none'
    // A link in a mail or a chat may lead to the page, which then shows what its reader may see.
    if (!isPage && site !== 'same-origin' && site !== 'none')
      throw forbidden(`only its own page may ask it; this came from another site`)

    // Cookies know no ports.
    const cookie = `flowcraft_console_${port()}`
    const given = c.req.query('token')
    if (isPage && given !== undefined) {
      if (!isSame(given, token)) throw unauthorized()
      setCookie(c, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' })
      // The token stands no longer in the address, nor in the history; what stands behind '#' is kept by the browser.
      return c.redirect('/', 303)
    }
    if (!isSame(getCookie(c, cookie) ?? '', token)) throw unauthorized()
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isJson(c.req.header('content-type')))
      throw new ConsoleError(
        415,
        'INVALID_INPUT',
        'a request that changes something must be application/json',
      )
    await next()
  })
}

function isJson(type = ''): boolean {
  return /^application\/json\s*(;|$)/i.test(type)
}

/** In a time that tells nothing of where they differ. */
function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(hashOf(given), hashOf(wanted))
}

/** Of one length for texts of any. */
function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function forbidden(why: string): ConsoleError {
  return new ConsoleError(403, 'FORBIDDEN', `the console refuses this: ${why}`)
}

function unauthorized(): ConsoleError {
  return new ConsoleError(401, 'UNAUTHORIZED', 'open the address that the command printed, with its token')
}
