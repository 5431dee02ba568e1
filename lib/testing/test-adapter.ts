/** What nodes find as `dependencies.adapter` in a test: what `SqsAdapter` has for them. */
import type { ResumeRequest, ResumeResult } from '../client/runs.ts'
import type { CancelResult } from '../client/steering.ts'
import type { Services } from '../core/execution/services.ts'
import { cancelRun } from '../core/run/cancel.ts'
import { reconcileRun } from '../core/run/reconcile.ts'
import { resumeAll, resumeRun } from '../core/run/resume.ts'
import { makeWebhook } from '../core/run/webhook.ts'

/** What the URLs of webhooks begin with. */
export const WEBHOOK_URL = 'https://webhooks.test'

/** `services` are asked for when a node calls: they are made with this adapter. */
export function testAdapter(services: () => Services) {
  return {
    registerWebhookEndpoint: (runId: string, nodeId: string) =>
      makeWebhook(services().store, WEBHOOK_URL, runId, nodeId),
    resume: async (runId: string, request: ResumeRequest = {}): Promise<ResumeResult> => ({
      resumed: await resumeRun(services(), runId, request.nodeId, request),
    }),
    resumeWithAction: (runId: string, action: string, output?: unknown) =>
      resumeAll(services(), runId, { action, output }),
    cancel: async (runId: string): Promise<CancelResult> => ({
      cancelled: await cancelRun(services(), runId),
    }),
    reconcile: (runId: string) => reconcileRun(services(), runId),
  }
}
