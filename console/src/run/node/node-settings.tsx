/** What the blueprint says of a node. */
import { Fragment } from 'preact'
import type { GraphNode } from '../../../../lib/console/views.ts'
import { formatDuration } from '../../format.ts'
import { blueprintHref } from '../../router.ts'
import { service } from '../../service.ts'

export function NodeSettings({ node }: { readonly node: GraphNode }) {
  const { uses, child, join, maxRetries, timeoutMs, fallback, pool } = node
  const facts: [string, string | undefined][] = [
    ['Runs', child === undefined ? uses : undefined],
    ['Joins', join],
    ['Tries at most', maxRetries === undefined ? undefined : String(maxRetries)],
    ['Time limit', timeoutMs === undefined ? undefined : formatDuration(timeoutMs)],
    ['Fallback', fallback],
    ['Pool', pool],
  ]
  return (
    <section class="pane-part">
      <h3>Blueprint</h3>
      <dl class="pairs">
        {child !== undefined && (
          <>
            <dt>Child run of</dt>
            <dd>
              {service.value?.kind === 'file' ? (
                <code>{child}</code>
              ) : (
                <a class="mono" href={blueprintHref(child)}>
                  {child}
                </a>
              )}
            </dd>
          </>
        )}
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd class="mono">{value}</dd>
            </Fragment>
          ),
        )}
      </dl>
    </section>
  )
}
