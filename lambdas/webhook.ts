/** The webhook endpoint that comes with the package, behind a function URL. */
import { createWebhookHandler } from '../lib/index.ts'

export const handler = createWebhookHandler()
