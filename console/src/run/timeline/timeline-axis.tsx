import { formatDuration } from '../../format.ts'
import type { TimelineModel } from './model.ts'
import type { Scale } from './scale.ts'

export interface TimelineAxisProps {
  readonly scale: Scale
  readonly marks: TimelineModel['marks']
}

/** Times since the run began. Screen readers have them with each line. */
export function TimelineAxis({ scale, marks }: TimelineAxisProps) {
  const { ticks, folds, at } = scale
  return (
    <div class="timeline-axis" aria-hidden="true">
      {ticks.map(({ at: left, elapsed }) => (
        <span key={elapsed} class="tick" style={{ left: `${left}px` }}>
          {elapsed === 0 ? '0' : formatDuration(elapsed).replace('.0 s', ' s')}
        </span>
      ))}
      {folds.map(({ at: left, width, lasted }) => (
        <span
          key={left}
          class="fold"
          style={{ left: `${left}px`, width: `${width}px` }}
          title={`${formatDuration(lasted)} in which nothing ran`}
        >
          ⋯
        </span>
      ))}
      {marks.map(({ at: time, what }, index) => (
        <span key={index} class="timeline-mark" style={{ left: `${at(time)}px` }} title={what} />
      ))}
    </div>
  )
}
