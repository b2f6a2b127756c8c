/** Prints the workloads as a table, contestants across, and what the cells leave out as footnotes. */
export function printWorkloads({ contestants, entries, results, failures }) {
  const names = Object.keys(contestants)
  const footnotes = []
  const header = [
    '',
    '',
    ...names.map((name) => heading(contestants[name])),
    'fastest peer',
    'ratio',
    'asked',
    '',
  ]
  const lines = results.map((result) => [
    result.id,
    `${result.title}, ${result.unit === 'us' ? 'µs' : result.unit}`,
    ...names.map((name) => {
      const entry = entries.find((each) => each.workload === result.id && each.name === name)
      const note = entry.cannot ?? contestants[name].notes?.[result.id] ?? entry.absent
      return `${cell(entry)}${note ? mark(footnotes, `${contestants[name].label}: ${note}`) : ''}`
    }),
    result.fastest ?? '–',
    result.ratio === undefined ? '–' : `${result.ratio.toFixed(1)} x`,
    `>= ${result.asked} x`,
    verdict(result.isMet),
  ])
  console.log(`\n${table([header, ...lines])}`)
  const isAsync = names.some((name) => contestants[name].isAsync)
  if (isAsync) console.log('  * answers with a promise only; awaited')
  for (const [index, note] of footnotes.entries()) console.log(`  ${index + 1} ${note}`)
  const versions = names.map((name) => contestants[name]).filter(({ version }) => version)
  console.log(`  peers: ${versions.map((each) => `${each.package} ${each.version}`).join(', ')}`)
  for (const failure of failures) console.log(`\nWRONG ANSWER, not measured: ${failure}`)
}

/** Prints the rows that have a bound instead of a peer. */
export function printRows(rows) {
  const lines = rows.map(({ title, value, unit, bound, isMet, note, failed }) => [
    title,
    failed ? 'failed' : value === undefined ? '–' : `${number(value)} ${unit}`,
    bound ?? '',
    verdict(failed ? false : isMet),
    failed ?? note ?? '',
  ])
  console.log(`\n${table([['', 'measured', 'asked', '', ''], ...lines], [1])}`)
}

function heading({ label, isAsync }) {
  return isAsync ? `${label} *` : label
}

function cell(entry) {
  if (entry.failed) return 'failed'
  return entry.median === undefined ? '–' : number(entry.median)
}

/** Three significant digits, or the whole number. */
function number(value) {
  if (value === 0) return '0'
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function verdict(isMet) {
  if (isMet === undefined) return ''
  return isMet ? 'met' : 'NOT MET'
}

function mark(footnotes, text) {
  if (!footnotes.includes(text)) footnotes.push(text)
  return ` ${'¹²³⁴⁵⁶⁷⁸⁹'[footnotes.indexOf(text)] ?? '+'}`
}

function table(lines, rightAligned) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const isRight = (column) =>
    rightAligned ? rightAligned.includes(column) : column >= 2 && column < lines[0].length - 4
  return lines
    .map((line) =>
      line
        .map((text, column) =>
          isRight(column) ? text.padStart(widths[column]) : text.padEnd(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
