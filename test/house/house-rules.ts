/**
 * The house rules that no linter knows, as functions from a file's path and text to what is wrong with it.
 *
 * Not formatting (biome), not imports (dependency-cruiser), not unused code (knip). Invariant: judged on the syntax
 * tree, so that a rule's own words in a string or a regular expression are never found guilty. Refused: regular
 * expressions over text, which are wrong in both directions; the one exception is the name of a file.
 */
import { basename, dirname } from 'node:path'
import ts from 'typescript'

/** One breach: where, and the rule in words. */
export type Finding = { readonly path: string; readonly line: number; readonly rule: string }

/** The most lines a file may have. */
export const fileLinesMax = 400

/** The most lines a function may have, its signature included. */
export const functionLinesMax = 70

/** Counted with the lines that hold only the comment's marks; a test says goal and method in two. */
const openingLines = { least: 3, leastOfTest: 2, most: 14 }

/** Names that say nothing: a file called so becomes a drawer for everything. */
const emptyStems = new Set([
  'index',
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'types',
  'manager',
  'handler',
  'info',
  'data',
  'misc',
])
const emptyWords = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'handler', 'misc'])
const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*$/

/** Postponed work: an issue, not a comment. Spelled in halves, so that this file does not hold them. */
const postponed = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)

const testRunners = new Set(['it', 'test', 'describe', 'suite', 'expect'])
const testMutes = new Set(['skip', 'only', 'todo', 'skipIf', 'runIf', 'fails'])

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path)

/** What is wrong with a path alone: empty names and names that are not kebab-case, folders included. */
export const judgeName = (path: string): readonly Finding[] => {
  const stem = basename(path).replace(/(\.(test|config|d))?\.(ts|tsx|mjs|cjs)$/, '')
  const folders = dirname(path)
    .split('/')
    .filter((folder) => folder !== '.')
  const rules: string[] = []
  if (emptyStems.has(stem) || stem.split('-').some((word) => emptyWords.has(word))) {
    rules.push(`"${stem}" says nothing: name the file for what it holds`)
  }
  for (const name of [...folders, stem]) if (!kebab.test(name)) rules.push(`"${name}" is not kebab-case`)
  return rules.map((rule) => ({ path, line: 1, rule }))
}

type Judge = (node: ts.Node) => string | null
type Source = { readonly path: string; readonly text: string; readonly tree: ts.SourceFile }

const lineAt = (tree: ts.SourceFile, position: number): number =>
  tree.getLineAndCharacterOfPosition(position).line + 1

const comments = (source: Source): readonly ts.CommentRange[] => {
  const found = new Map<number, ts.CommentRange>()
  const visit = (node: ts.Node): void => {
    // In the text between JSX tags, // is text.
    if (ts.isJsxText(node)) return
    const around = [
      ...(ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source.text, node.getEnd()) ?? []),
    ]
    for (const range of around) found.set(range.pos, range)
    node.getChildren(source.tree).forEach(visit)
  }
  visit(source.tree)
  return [...found.values()].sort((one, other) => one.pos - other.pos)
}

/** The comment a file opens with, consecutive `//` lines taken together; null when it opens with code. */
const openingOf = (source: Source): { readonly end: number; readonly lines: number } | null => {
  const start = ts.getShebang(source.text)?.length ?? 0
  const [first, ...rest] = ts.getLeadingCommentRanges(source.text, start) ?? []
  if (first === undefined) return null
  let last = first
  if (first.kind === ts.SyntaxKind.SingleLineCommentTrivia) {
    for (const next of rest) {
      const adjoins = lineAt(source.tree, next.pos) === lineAt(source.tree, last.end) + 1
      if (next.kind !== first.kind || !adjoins) break
      last = next
    }
  }
  return { end: last.end, lines: lineAt(source.tree, last.end) - lineAt(source.tree, first.pos) + 1 }
}

const judgeOpening = (source: Source): readonly Finding[] => {
  const opening = openingOf(source)
  const least = isTest(source.path) ? openingLines.leastOfTest : openingLines.least
  if (opening !== null && opening.lines >= least && opening.lines <= openingLines.most) return []
  const rule =
    opening === null
      ? 'opens with code: say first what it is, what it is not, and what always holds'
      : `opens with ${opening.lines} lines of comment: ${least} to 12 say it`
  return [{ path: source.path, line: 1, rule }]
}

const judgeFunction =
  (tree: ts.SourceFile): Judge =>
  (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return null
    const call = node.parent
    // A describe block is a heading, not a function.
    if (ts.isCallExpression(call) && /^(describe|suite)\b/.test(call.expression.getText(tree))) return null
    const lines = lineAt(tree, node.getEnd()) - lineAt(tree, node.getStart(tree)) + 1
    return lines > functionLinesMax ? `a function of ${lines} lines: at most ${functionLinesMax}` : null
  }

const judgeStar: Judge = (node) =>
  ts.isExportDeclaration(node) && (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause))
    ? '"export *" hides what is exported: name it'
    : null

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)

const judgeDocstring =
  (source: Source): Judge =>
  (node) => {
    if (!isExported(node)) return null
    const { tree, text } = source
    const doc = (ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []).at(-1)
    const isDoc =
      doc !== undefined &&
      text.startsWith('/**', doc.pos) &&
      doc.end !== openingOf(source)?.end &&
      lineAt(tree, doc.end) + 1 === lineAt(tree, node.getStart(tree))
    return isDoc ? null : 'an export without a docstring directly above it'
  }

const judgeMutedTest: Judge = (node) => {
  if (!ts.isPropertyAccessExpression(node) || !testMutes.has(node.name.text)) return null
  let root: ts.Expression = node.expression
  while (ts.isPropertyAccessExpression(root) || ts.isCallExpression(root)) root = root.expression
  return ts.isIdentifier(root) && testRunners.has(root.text) ? `".${node.name.text}" mutes a test` : null
}

/** What the library offers to policies although a decision may not have it. */
const judgePurity =
  (tree: ts.SourceFile): Judge =>
  (node) => {
    const impure = 'is impure: a decision is handed the instant, and chance has no part in it'
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const called = node.expression.getText(tree)
      if (called === 'Date') return `"Date(…)" ${impure}`
      if (called === 'DateTime.utc' && (node.arguments ?? []).length === 0)
        return `"DateTime.utc()" ${impure}`
    }
    if (!ts.isPropertyAccessExpression(node)) return null
    const name = node.getText(tree)
    const banned = [
      'Date.now',
      'Math.random',
      'DateTime.now',
      'DateTime.local',
      'Interval.now',
      'Settings.now',
    ]
    return banned.includes(name) ? `"${name}" ${impure}` : null
  }

/** More than five words in a row; labels are shorter, and code, markup and style sheets have none. */
const sentence = /[\p{L}’]+(?:[,.;:!?…]?\s+[\p{L}’]+){5}/u

/** Attributes alone, as templates put them into a tag: ` class="first"`. */
const attributes = /^(?: [a-z-]+(?:="[^"]*")?|\0)+$/

/** The words of a template besides its tags and attributes; expressions are left out. */
const wordsBetweenTags = ({ tag, template }: ts.TaggedTemplateExpression): string => {
  if (tag.getText() !== 'html') return ''
  const whole = ts.isNoSubstitutionTemplateLiteral(template)
    ? template.text
    : template.head.text + template.templateSpans.map(({ literal }) => `\0${literal.text}`).join('')
  return attributes.test(whole) ? '' : whole.replaceAll(/<[^>]*>/g, '')
}

/** Labels are short, and written as people read them; names of headers, methods and types stand elsewhere. */
const label = /^\p{Lu}[\p{Ll}’]+(?:,? [\p{L}\d’-]+)*[?.:!]?$/u

/** A page has no words of its own, short ones neither. */
const judgeLabels: Judge = (node) =>
  (ts.isTaggedTemplateExpression(node) && /\p{L}{2}/u.test(wordsBetweenTags(node))) ||
  (ts.isStringLiteral(node) && label.test(node.text))
    ? 'a label of a page’s own: it belongs in runtime/pages/texts-labels.ts'
    : null

/** Modules that make HTML for people. */
const isMarkup = (path: string): boolean =>
  /^(?:admin\/portal\/.*-pages?|admin\/portal\/page-parts|runtime\/pages\/(?:.*-(?:page|part|line|list)|page))\.ts$/.test(
    path,
  )

/** What is logged or thrown is read by operators and by us: it is no text of a page. */
const isForOperators = (node: ts.Node, tree: ts.SourceFile): boolean => {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (ts.isThrowStatement(at)) return true
    if (ts.isCallExpression(at) && /\blog\.\w+$/.test(at.expression.getText(tree))) return true
  }
  return false
}

/** Sentences that people read stand in one catalogue, `runtime/pages/texts*.ts`, and in no page's own code. */
const judgeWords =
  (tree: ts.SourceFile): Judge =>
  (node) =>
    (ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)) &&
    sentence.test(node.text) &&
    !isForOperators(node, tree)
      ? 'a sentence of a page’s own: it belongs in runtime/pages/texts-….ts'
      : null

/** Three words and a full stop: messages of logs and faults have none. */
const publicSentence = /[\p{L}’]+(?:[,;:]?\s+[\p{L}’-]+){2,}\.$/u

/** A gateway gives a failure its status; its words are the catalogue's. */
const judgeFailureWords: Judge = (node) =>
  (ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)) &&
  (publicSentence.test(node.text) ||
    (ts.isPropertyAssignment(node.parent) && node.parent.name.getText() === 'title'))
    ? 'words that people read: they belong in runtime/pages/texts-….ts'
    : null

/** A string's text, with a word in place of what a template puts in; `null`: no string, or only a part of one. */
const wholeText = (node: ts.Node): string | null => {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  return ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map(({ literal }) => `word${literal.text}`).join('')
    : null
}

/** What the control plane says to people on their pages is the catalogue's too, wherever it is found out. */
const judgePlainWords =
  (tree: ts.SourceFile): Judge =>
  (node) => {
    const text = wholeText(node)
    return text !== null && publicSentence.test(text) && !isForOperators(node, tree)
      ? 'words that people read: they belong in runtime/pages/texts-….ts'
      : null
  }

/** Modules behind people's pages whose findings are shown there; mails have words of their own. */
const isBehindPages = (path: string): boolean =>
  /^admin\/(?:own-sign-in|two-factor)\/(?!.*-mails\.ts$)/.test(path) ||
  /^admin\/(?:requests\/access-requests|requests\/access-taking-back|emergency-access|sessions\/own-sessions)\.ts$/.test(
    path,
  )

/** Heartbeats are answered to programs, in JSON. */
const isPageModule = (path: string): boolean =>
  (path.startsWith('admin/portal/') && path !== 'admin/portal/heartbeat-step.ts') ||
  /^runtime\/pages\/(?!texts)/.test(path)

/** What metrics mean is told to operators, who read it where metrics are read. */
const metricsFiles: ReadonlySet<string> = new Set(
  ['metrics', 'mind', 'latency', 'process-metrics'].map((name) => `gateway/${name}.ts`),
)

const isGatewayModule = (path: string): boolean => path.startsWith('gateway/') && !metricsFiles.has(path)

const judgesFor = (source: Source): readonly Judge[] => [
  judgeFunction(source.tree),
  judgeStar,
  judgeDocstring(source),
  ...(isTest(source.path) ? [judgeMutedTest] : []),
  ...(source.path.startsWith('policies/') ? [judgePurity(source.tree)] : []),
  ...(isPageModule(source.path) ? [judgeWords(source.tree)] : []),
  ...(isMarkup(source.path) ? [judgeLabels] : []),
  ...(isGatewayModule(source.path) ? [judgeFailureWords] : []),
  ...(isBehindPages(source.path) ? [judgePlainWords(source.tree)] : []),
]

const judgeTree = (source: Source): readonly Finding[] => {
  const findings: Finding[] = []
  const judges = judgesFor(source)
  const visit = (node: ts.Node): void => {
    for (const judge of judges) {
      const rule = judge(node)
      if (rule !== null)
        findings.push({ path: source.path, line: lineAt(source.tree, node.getStart(source.tree)), rule })
    }
    ts.forEachChild(node, visit)
  }
  visit(source.tree)
  return findings
}

const judgeComments = (source: Source): readonly Finding[] =>
  comments(source)
    .filter((range) => postponed.test(source.text.slice(range.pos, range.end)))
    .map((range) => ({
      path: source.path,
      line: lineAt(source.tree, range.pos),
      rule: 'postponed work in a comment: do it, or open an issue',
    }))

/** What is wrong with a source file, in the order of its lines; `path` is relative to the project, with slashes. */
export const judgeFile = (path: string, text: string): readonly Finding[] => {
  const kind = path.endsWith('x')
    ? ts.ScriptKind.TSX
    : path.endsWith('.ts')
      ? ts.ScriptKind.TS
      : ts.ScriptKind.JS
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind)
  const source: Source = { path, text, tree }
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const long =
    lines > fileLinesMax
      ? [{ path, line: lines, rule: `a file of ${lines} lines: at most ${fileLinesMax}` }]
      : []
  const all = [
    ...judgeName(path),
    ...judgeOpening(source),
    ...judgeTree(source),
    ...judgeComments(source),
    ...long,
  ]
  return all.sort((one, other) => one.line - other.line)
}
