/** The webhook endpoint that this repository's own app deploys, behind a function URL. */
import { createWebhookHandler } from '../lib/index.ts'

export const handler = createWebhookHandler()
