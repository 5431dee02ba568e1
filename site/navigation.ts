/** The sections of the site, and the pages of each, by their paths in docs/. A page that stands in none is an error of the build. */
export interface Section {
  readonly title: string
  /** For the bar at the top, where the first page of the section is not what it should lead to. */
  readonly leadsTo?: string
  readonly pages: readonly string[]
}

export const sections: readonly Section[] = [
  {
    title: 'Tutorial',
    pages: [
      'tutorial/first-flow.md',
      'tutorial/waits-and-approvals.md',
      'tutorial/batches.md',
      'tutorial/agent.md',
      'tutorial/deploy.md',
      'tutorial/operate.md',
    ],
  },
  {
    title: 'Guides',
    pages: [
      'your-own-flow.md',
      'deployment.md',
      'starting-runs.md',
      'testing.md',
      'types.md',
      'retries.md',
      'joins.md',
      'cleanup.md',
      'local.md',
      'guides/pools.md',
      'guides/side-effects.md',
      'guides/large-values.md',
      'guides/versions.md',
      'migrating.md',
      'guides/from-step-functions.md',
      'guides/from-bullmq.md',
    ],
  },
  { title: 'Concepts', pages: ['concepts.md', 'failure-modes.md', 'glossary.md'] },
  {
    title: 'Operations',
    pages: [
      'console.md',
      'finding-runs.md',
      'history.md',
      'repairing-runs.md',
      'guides/alarms.md',
      'tracing.md',
      'costs.md',
      'scale.md',
      'compliance.md',
      'testing-a-deployment.md',
    ],
  },
  {
    title: 'Reference',
    pages: [
      'cli.md',
      'errors.md',
      'limits.md',
      'reference/environment.md',
      'reference/events.md',
      'reference/table.md',
      'demo.md',
      'conformance.md',
      'fuzzing.md',
    ],
  },
]
