/**
 * The examples in docstrings compile, and each class and function that users call has one. What an example does not declare and
 * the package exports, it imports; anything else that it does not declare is of the reader's own program, and may be of any type.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const work = join(root, '.examples')

/** By their file, what users import them from. */
const ENTRIES: Readonly<Record<string, string>> = {
  'lib/index.ts': 'flowcraft-aws',
  'lib/testing/index.ts': 'flowcraft-aws/testing',
  'lib/local/index.ts': 'flowcraft-aws/local',
  'lib/constructs/index.ts': 'flowcraft-aws/constructs',
}

/** What nobody makes by themselves: bases of others, what a TestService has, and what is thrown. */
const WITHOUT_EXAMPLE = new Set([
  'FlowcraftServiceBase',
  'RunEventFields',
  'FunctionError',
  'ThrottledError',
  'MemoryDeadLetters',
  'MemoryPauses',
  'MemoryQueue',
  'MemoryRunStore',
])
/** What clients and TestService do alike. */
const RUNS = 'lib/client/runs.ts'

/** What examples take as the reader's own. Other names of theirs are of any type. */
const READERS: Readonly<Record<string, string>> = {
  client: "import('flowcraft-aws').RunClient",
  runs: "import('flowcraft-aws').Runs",
  service: "import('flowcraft-aws/testing').TestService",
  aws: "import('flowcraft-aws/local').LocalAws",
  runId: 'string',
  queueUrl: 'string',
  tableName: 'string',
}

interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}

const read = (file: string) => readFileSync(join(root, file), 'utf8')

const sources = ['lib', 'lambdas'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`),
)

/** The docstrings of a file, with the line of code that each is of. */
function docstringsOf(text: string): { doc: string; line: number; of: string }[] {
  return [...text.matchAll(/^[ \t]*\/\*\*([\s\S]*?)\*\/\s*\n(.*)$/gm)].map(({ 1: doc, 2: of, index }) => ({
    doc: doc as string,
    of: of as string,
    line: text.slice(0, index).split('\n').length,
  }))
}

function examplesOf(file: string): Example[] {
  return docstringsOf(read(file)).flatMap(({ doc, line }) =>
    doc
      .split(/^\s*\* @example/m)
      .slice(1)
      .map((part) => ({
        file,
        line,
        code: part
          .split(/^\s*\* @\w/m)[0]!
          .split('\n')
          .map((text) => text.replace(/^\s*\* ?/, ''))
          .filter((text) => !text.startsWith('```'))
          .join('\n')
          .trim(),
      })),
  )
}

/** Names that an entry exports, as values or as types, and whether one is a type only. */
function exportsOf(file: string): Map<string, boolean> {
  const lists = read(file).matchAll(/^export (type )?\{([\s\S]*?)\}/gm)
  return new Map(
    [...lists].flatMap(([, type, names]) =>
      (names as string)
        .split(',')
        .map((text) => text.trim())
        .filter((text) => text !== '')
        .map((text) => [text.replace(/^type /, ''), Boolean(type) || text.startsWith('type ')] as const),
    ),
  )
}

const exported = new Map(Object.entries(ENTRIES).map(([file, entry]) => [entry, exportsOf(file)]))

/** Where a reader of this file would import a name from: its own entry first. */
function entryOf(name: string, file: string): string | undefined {
  const own = ['constructs', 'testing', 'local'].find((folder) => file.startsWith(`lib/${folder}/`))
  const entries = [...(own ? [`flowcraft-aws/${own}`] : []), ...exported.keys()]
  return entries.find((entry) => exported.get(entry)?.has(name))
}

function missingExamples(): string[] {
  const wanted = new Set(
    [...exported.values()].flatMap((names) =>
      [...names].filter(([, isType]) => !isType).map(([name]) => name),
    ),
  )
  const has = new Set<string>()
  const callable = new Set<string>()
  for (const file of sources) {
    const text = read(file)
    for (const [, name] of text.matchAll(/^export (?:abstract )?(?:async )?(?:class|function) (\w+)/gm)) {
      callable.add(name as string)
    }
    for (const { doc, of } of docstringsOf(text)) {
      const name = /^export (?:abstract )?(?:async )?(?:class|function) (\w+)/.exec(of)?.[1]
      if (name && doc.includes('@example')) has.add(name)
    }
  }
  const methods = docstringsOf(read(RUNS).split('export interface Runs {')[1]!.split('\n}')[0]!)
  const bare = methods.filter(({ doc, of }) => /^ {2}\w+\(/.test(of) && !doc.includes('@example'))
  const exports = [...wanted].filter(
    (name) => callable.has(name) && !has.has(name) && !WITHOUT_EXAMPLE.has(name),
  )
  return [...exports, ...bare.map(({ of }) => of.trim())]
}

const isImport = (line: string) => line.startsWith('import ')
const IMPORT_OF_OWN = /^import (?:type )?\{?([^}]*?)\}? from '\.[^']*'$/gm

/**
 * The example as a module: imports of the reader's own files go, since there are none. What is for the CDK stands in a
 * construct, which `this` is there.
 */
function moduleOf({ code, file }: Example, declared: ReadonlySet<string>): string {
  const lines = code.replace(IMPORT_OF_OWN, '').split('\n')
  const body = lines.filter((line) => !isImport(line)).join('\n')
  const inConstruct = file.startsWith('lib/constructs/') && !/^export /m.test(body)
  return [
    ...lines.filter(isImport),
    ...[...declared].map((name) => {
      const entry = entryOf(name, file)
      if (entry) return `import { ${name} } from '${entry}'`
      // Both a value and a type.
      return READERS[name]
        ? `declare const ${name}: ${READERS[name]}`
        : `declare const ${name}: any; type ${name} = any`
    }),
    'export {}',
    inConstruct
      ? `export async function inConstruct(this: import('constructs').Construct) {\n${body}\n}`
      : body,
  ].join('\n')
}

function compile(): string[] {
  try {
    execFileSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', work, '--pretty', 'false'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    return []
  } catch (error) {
    return String((error as { stdout?: string }).stdout).split('\n')
  }
}

const all = sources.flatMap(examplesOf)
const declared = all.map(() => new Set<string>())
const write = () =>
  all.forEach((example, at) => writeFileSync(join(work, `e${at}.ts`), moduleOf(example, declared[at]!)))

rmSync(work, { recursive: true, force: true })
mkdirSync(work)
writeFileSync(
  join(work, 'tsconfig.json'),
  JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: {
      noImplicitAny: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: Object.fromEntries(Object.entries(ENTRIES).map(([file, entry]) => [entry, [`../${file}`]])),
      verbatimModuleSyntax: false,
      module: 'esnext',
      moduleResolution: 'bundler',
    },
    include: ['*.ts'],
  }),
)
write()
for (const line of compile()) {
  const [, at, name] = /e(\d+)\.ts.*(?:TS2304|TS2552|TS2503|TS18004).*?'(\w+)'/.exec(line) ?? []
  if (at !== undefined && name !== undefined) declared[Number(at)]!.add(name)
}
write()
const problems = compile().flatMap((line) => {
  const [, at, row, what] = /e(\d+)\.ts\((\d+),\d+\): (.*)/.exec(line) ?? []
  if (at === undefined) return []
  const example = all[Number(at)]!
  const { file, line: start } = example
  const text = moduleOf(example, declared[Number(at)]!).split('\n')[Number(row) - 1]
  return [`${file}:${start}: the example does not compile: ${what}\n    ${text}`]
})
const missing = missingExamples().map((name) => `${name} has no @example`)
for (const problem of [...problems, ...missing]) console.error(problem)
if (problems.length + missing.length > 0) process.exitCode = 1
else rmSync(work, { recursive: true })
if (all.length < 40) throw new Error(`only ${all.length} examples were found`)
