/** Which cases `npm test` runs over the local AWS, and which `npm run test:emulated`. */
import { cases, groups } from './cases.ts'

/** So that each group has one or two. */
const EVERY = 9

const isSampled = (index: number) => index % EVERY === 0 && !groups['Scale']?.includes(cases[index]!)

export const sample = cases.filter((_, index) => isSampled(index))
export const others = cases.filter((_, index) => !isSampled(index))
