/** What `npm run cost` prints. Pure. */
import type { Bill } from './formula.ts'
import { table } from './tables.ts'

export function billText({ usd, ...each }: Bill, runs: number): string {
  const { all, ...parts } = usd
  const dollars = (amount: number) => `$${(amount * runs).toFixed(2)}`
  const rows = [...Object.entries(parts), ['all', all] as const].map(([name, amount]) => [
    name,
    dollars(amount),
  ])
  return [
    `a run: ${rounded(each.writeUnits)} write units, ${rounded(each.readUnits)} read units, ${rounded(each.sqs)} requests to SQS, ${rounded(each.invocations)} invocations, about ${rounded(each.billedMs)} ms of Lambda`,
    '',
    table(['', `${runs.toLocaleString('en')} runs`], rows),
    '',
    'us-east-1, list prices, on demand; without storage, the free tier, what nodes call themselves, cold starts.',
  ].join('\n')
}

function rounded(count: number): string {
  return Number(count.toFixed(2)).toLocaleString('en')
}
