// The proxy in front of S3: streams bodies both ways and names the operation from method and path.
// Path-style addresses only (http://host/bucket/key), as the SDK uses for an IP address.

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Meter } from '../meter.ts'
import { Backend, KEEP_ALIVE_MS, close, forwardable, listen } from './http.ts'
import type { Interception } from './intercept.ts'
import type { Proxy } from './json-proxy.ts'

/** Starts the metered S3 on a free port. */
export async function startS3Proxy(target: string, interception: Interception, meter: Meter): Promise<Proxy> {
  const backend = new Backend(target)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS })
  const origin = await listen(server)
  server.on('request', (req, res) => {
    relay(backend, interception, meter, req, res).catch((error: unknown) => {
      refuse(res, 503, 'ServiceUnavailable', messageOf(error))
    })
  })
  return {
    origin,
    close: async () => {
      await close(server)
      backend.close()
    },
  }
}

async function relay(
  backend: Backend,
  interception: Interception,
  meter: Meter,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const operation = s3Operation(req)
  const outcome = await interception.decide('s3', operation, () => undefined)
  if (outcome === 'drop') return void res.destroy()
  if (outcome === 'reject') {
    req.resume()
    return refuse(res, 500, 'InternalError', 'rejected by the test')
  }
  if (typeof outcome === 'object') await sleep(outcome.delayMs)
  meter.countRequest('s3', operation)
  await stream(backend, req, res, outcome === 'lose')
}

function stream(backend: Backend, req: IncomingMessage, res: ServerResponse, lose: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = backend.open(req, forwardable(req.headers), (answer) => {
      answer.on('error', reject)
      if (lose) {
        answer.resume()
        answer.on('end', () => resolve(void res.destroy()))
        return
      }
      res.writeHead(answer.statusCode ?? 502, forwardable(answer.headers))
      answer.pipe(res)
      res.on('close', () => {
        answer.destroy()
        resolve()
      })
    })
    outgoing.on('error', reject)
    req.on('error', (error) => outgoing.destroy(error))
    req.pipe(outgoing)
  })
}

function refuse(res: ServerResponse, status: number, code: string, message: string): void {
  if (res.headersSent || res.destroyed) return void res.destroy()
  res.writeHead(status, { 'content-type': 'application/xml' })
  res.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>local s3: ${message}</Message></Error>`)
}

/** The API's name of a request, as far as the price of it depends on that. */
function s3Operation({ method = '', url = '/', headers }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://local')
  const hasKey = /^\/[^/]+\/./.test(pathname)
  if (searchParams.has('uploads') || searchParams.has('uploadId')) return multipart(method, searchParams)
  if (!hasKey) return bucketOperation(method, pathname, searchParams)
  if (method === 'PUT' && headers['x-amz-copy-source']) return 'CopyObject'
  return (
    { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method] ?? 'Unknown'
  )
}

function multipart(method: string, query: URLSearchParams): string {
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads'
  const names: Record<string, string> = {
    PUT: 'UploadPart',
    POST: 'CompleteMultipartUpload',
    GET: 'ListParts',
  }
  return names[method] ?? 'AbortMultipartUpload'
}

function bucketOperation(method: string, pathname: string, query: URLSearchParams): string {
  if (pathname === '/') return 'ListBuckets'
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : 'PostObject'
  if (method === 'GET') return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
  return { PUT: 'CreateBucket', HEAD: 'HeadBucket', DELETE: 'DeleteBucket' }[method] ?? 'Unknown'
}
