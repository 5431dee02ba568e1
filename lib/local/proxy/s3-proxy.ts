// The proxy in front of S3: streams bodies both ways and names the operation from method and path.
// Path-style addresses only (http://host/bucket/key), as the SDK uses for an IP address.

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LookAtObject, MadeObject } from '../bucket-events.ts'
import { messageOf } from '../errors.ts'
import { listAsk, type Place, s3Asks } from '../iam/asks.ts'
import type { Meter } from '../meter.ts'
import { Backend, KEEP_ALIVE_MS, close, forwardable, listen } from './http.ts'
import type { PrefixBuckets } from './s3-slow-down.ts'
import type { Proxy, ProxyHost } from './json-proxy.ts'

/** What the proxy is given beside its engine. */
interface S3Host extends ProxyHost {
  readonly meter: Meter
  readonly place: Place
  readonly buckets: PrefixBuckets
  /** Called for each operation on an object that the engine has done, also where its answer is lost. */
  readonly onDone: (object: MadeObject, look: LookAtObject) => void
}

/** Starts the metered S3 on a free port. */
export async function startS3Proxy(target: string, host: S3Host): Promise<Proxy> {
  const backend = new Backend(target)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS })
  const origin = await listen(server)
  server.on('request', (req, res) => {
    relay(backend, host, (object) => look(target, object), req, res).catch((error: unknown) => {
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
  { interception, meter, place, roles, buckets, onDone }: S3Host,
  lookAt: LookAtObject,
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
  const { url: path = '', headers } = req
  const copySource = headers['x-amz-copy-source']?.toString()
  const denied = roles.refusalOf(headers.authorization, () => s3Asks({ operation, path, copySource }, place))
  if (denied) {
    req.resume()
    return refuse(res, 403, 'AccessDenied', denied.message)
  }
  if (buckets.isTooSoon(req.method ?? '', path)) {
    req.resume()
    return refuse(res, 503, 'SlowDown', 'Please reduce your request rate.')
  }
  meter.countRequest('s3', operation)
  /** That an object is not there is told to whoever may list the bucket. */
  const maySayNo = () =>
    !/^(Get|Head)Object$/.test(operation) || !roles.refusalOf(headers.authorization, () => [listAsk(path)])
  const isDone = await stream({ backend, maySayNo, lose: outcome === 'lose' }, req, res)
  const object = objectOf(req)
  if (isDone && object) onDone({ ...object, operation }, lookAt)
}

/** The object of a request, where it is of one. */
function objectOf({ url = '/' }: IncomingMessage): { bucket: string; key: string } | undefined {
  const [, bucket, key] = /^\/([^/]+)\/(.+)$/.exec(new URL(url, 'http://local').pathname) ?? []
  return bucket === undefined || key === undefined ? undefined : { bucket, key: decodeURIComponent(key) }
}

/** Not metered: nobody asked for it. */
async function look(target: string, { bucket, key }: { bucket: string; key: string }) {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const { ok, headers } = await fetch(`${target}/${bucket}/${path}`, { method: 'HEAD' })
  if (!ok) return undefined
  const etag = headers.get('etag')?.replaceAll('"', '') ?? ''
  return { size: Number(headers.get('content-length') ?? 0), etag }
}

interface Passing {
  readonly backend: Backend
  readonly lose: boolean
  readonly maySayNo: () => boolean
}

/** Gives whether the engine has done what was asked. */
function stream(
  { backend, lose, maySayNo }: Passing,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const outgoing = backend.open(req, forwardable(req.headers), (answer) => {
      answer.on('error', reject)
      const isDone = answer.statusCode !== undefined && answer.statusCode < 300
      const end = () => resolve(isDone)
      if (lose) {
        answer.resume()
        answer.on('end', () => {
          res.destroy()
          end()
        })
        return
      }
      if (answer.statusCode === 404 && !maySayNo()) {
        answer.resume()
        refuse(res, 403, 'AccessDenied', 'Access Denied')
        return end()
      }
      res.writeHead(answer.statusCode ?? 502, forwardable(answer.headers))
      answer.pipe(res)
      res.on('close', () => {
        answer.destroy()
        end()
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
