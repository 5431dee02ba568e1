/** What the product says is wrong, with its code and where that is explained. */
import type { ProblemView } from '../../../lib/console/views.ts'
import { Button } from './button.tsx'
import { Icon } from './icons.tsx'

export interface ProblemBoxProps {
  readonly problem: ProblemView
  readonly onRetry?: () => void
}

export function ProblemBox({ problem, onRetry }: ProblemBoxProps) {
  const { code, message, docs } = problem
  return (
    <div class="problem" role="alert" data-code={code}>
      <Icon name="warning" />
      <div>
        <p class="problem-text">{message}</p>
        <p class="problem-more">
          <code>{code}</code>
          {isWebAddress(docs) && (
            <a href={docs} target="_blank" rel="noreferrer">
              What it means
            </a>
          )}
          {docs && !isWebAddress(docs) && <span>{docs}</span>}
          {onRetry && (
            <Button kind="quiet" icon="again" onClick={onRetry}>
              Try again
            </Button>
          )}
        </p>
      </div>
    </div>
  )
}

/** An address of another kind ('javascript:', say) is no link. */
const isWebAddress = (text: string | undefined): text is string =>
  text !== undefined && /^https?:\/\//.test(text)
