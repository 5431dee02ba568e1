/** Random numbers that a seed decides (mulberry32, https://github.com/cprosche/mulberry32, public domain). */
export function randomOf(seed: number): (limit: number) => number {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 4; i++) next()
  return (limit) => Math.floor(next() * limit)
}
