import { StartRunInvoker } from 'flowcraft-aws'

const runs = new StartRunInvoker()
const WEEK_MS = 7 * 86_400_000

/** Asks for a review a week after an order was delivered, once. */
export async function askForReview(orderId: string): Promise<void> {
  await runs.start({
    blueprintId: 'ask-for-review',
    runId: `review-${orderId}`,
    input: { orderId },
    delayMs: WEEK_MS,
  })
}
