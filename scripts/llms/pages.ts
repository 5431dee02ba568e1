/** What `npm run llms` writes, from the README and the pages of docs/. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sections } from '../../site/navigation.ts'
import { pagesOf } from '../../site/pages.ts'

interface Page {
  readonly file: string
  readonly title: string
  readonly note: string
}

/** What proves or tries the package: a reader in a hurry leaves it out, as the format has it. */
const OPTIONAL = new Set(['compliance.md', 'conformance.md', 'fuzzing.md', 'testing-a-deployment.md'])

const withoutLinks = (text: string) => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
/** What the first sentence of a text says, in one line; a colon before a block of code ends one too. */
const firstSentence = (text: string) =>
  (
    text
      .replace(/\s+/g, ' ')
      .trim()
      .split(/(?<=\.)\s/)[0] as string
  ).replace(/:$/, '.')

/** What the README says of pages, where it lists them: `- [Costs](docs/costs.md): what it says.` */
function notesOf(readme: string): Map<string, string> {
  const listed = readme.matchAll(
    /^- \[[^\]]+\]\(docs\/([\w/-]+\.md)\): ([\s\S]*?)(?=\n-|\n\n|\n?$(?![\s\S]))/gm,
  )
  return new Map([...listed].map(([, file, note]) => [file as string, firstSentence(note as string)]))
}

/** The first paragraph of a page, without its code, lists and tables. */
function beginningOf(text: string): string {
  const prose = text.replace(/<!--[\s\S]*?-->|```[\s\S]*?```/g, '')
  const paragraph = prose
    .split(/\n\s*\n/)
    .find((part) => /^\s?\S/.test(part) && !/^\s*(#|\||- |!)/.test(part))
  return firstSentence(paragraph ?? '')
}

function pagesIn(root: string): Page[] {
  const notes = notesOf(readFileSync(join(root, 'README.md'), 'utf8'))
  const pages = pagesOf(join(root, 'docs')).map((file) => {
    const text = readFileSync(join(root, 'docs', file), 'utf8')
    const title = /^# (.*)$/m.exec(text)?.[1]
    if (!title) throw new Error(`docs/${file} has no title`)
    return { file, title, note: withoutLinks(notes.get(file) ?? beginningOf(text)) }
  })
  // As the README has them, which is an order to read them in; then the others, as the site has them.
  const order = [...new Set([...notes.keys(), ...sections.flatMap((section) => section.pages)])]
  return pages.toSorted((a, b) => order.indexOf(a.file) - order.indexOf(b.file))
}

/** `folder` leads from where the text stands to the pages, `top` to the root of the package. */
function textOf(pages: readonly Page[], description: string, folder: string, top: string): string {
  const lines = (wanted: (page: Page) => boolean) =>
    pages.filter(wanted).map(({ file, title, note }) => `- [${title}](${folder}${file}): ${note}`)
  return [
    '# flowcraft-aws',
    '',
    `> ${description}`,
    '',
    'Entries of the package: `flowcraft-aws` (workers, clients), `flowcraft-aws/constructs` (CDK), `flowcraft-aws/testing` (flows in',
    'memory), `flowcraft-aws/local` (AWS on this computer), and the command `npx flowcraft-aws`. A new project: `npx flowcraft-aws init`.',
    'The code in these pages is compiled and tested as it stands.',
    '',
    '## Docs',
    '',
    `- [README](${top}README.md): what it is, a quick start, and how it works.`,
    ...lines(({ file }) => !OPTIONAL.has(file)),
    '',
    '## Optional',
    '',
    ...lines(({ file }) => OPTIONAL.has(file)),
    `- [Changelog](${top}CHANGELOG.md): what changed, version by version.`,
    `- [Contributing](${top}CONTRIBUTING.md): the tree of the source, its layers and its rules.`,
    `- [Security](${top}SECURITY.md): what is promised and what not, and how to tell of a weakness.`,
    '',
  ].join('\n')
}

/** The files, with the text that they should have. */
export function filesOf(root: string): { file: string; text: string }[] {
  const { description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    description: string
  }
  const pages = pagesIn(root)
  return [
    { file: 'llms.txt', text: textOf(pages, description, 'docs/', '') },
    { file: 'docs/llms.txt', text: textOf(pages, description, '', '../') },
  ]
}
