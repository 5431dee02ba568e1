/** The anchor that GitHub gives a heading, so that a link leads to it there and on the site. */
export const slugOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')

/** What a heading says, without its marks: links, code, stress. */
const plain = (markdown: string) => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '')

/** The parts of a page that are not code. */
export const withoutCode = (text: string): string => text.replace(/^( *)```[\s\S]*?^\1```$/gm, '')

/** The anchors of a page's headings. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading] of withoutCode(text).matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = slugOf(plain(heading as string))
    let anchor = slug
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`
    anchors.add(anchor)
  }
  return anchors
}
