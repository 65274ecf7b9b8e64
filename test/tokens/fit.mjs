// Fits the costs of src/core/tokens_tables.hpp on the fitting half of the texts, and prints them.
// Least squares with one row per piece of the pre-tokenizer. A row's counts are what the piece adds
// to the tally of its whole text, so that the piece is counted in the tongue that the text shows.
// Every corpus weighs the same, the dialogues three times as much.
import { countTokens, estimator, loadTexts } from './corpora.mjs';

const kContraction = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?";
const kUpper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const kLower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const kPiece = new RegExp(
  [
    `[^\\r\\n\\p{L}\\p{N}]?${kUpper}*${kLower}+${kContraction}`,
    `[^\\r\\n\\p{L}\\p{N}]?${kUpper}+${kLower}*${kContraction}`,
    '\\p{N}{1,3}',
    ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*',
    '\\s*[\\r\\n]+',
    '\\s+(?!\\S)',
    '\\s+',
  ].join('|'),
  'gu',
);

// What a cost is drawn to where the texts say little. None gets negative: more text never costs less.
const kPrior = {
  words: 1, middle: 0.3, rest: 0.3, accented: 0.1, AllCapitals: 1, AllCapBeyond3: 0.25, BlobLetter: 0.5,
  Digits: 1, Punctuation: 1, Change: 0.3, Whitespace: 1, Symbol: 1, Pictograph: 1.5, Invalid: 1,
};
const kPriorWeight = 2;

const fitted = loadTexts().filter(({ half }) => half === 'fit');
// Of the thousands of dialogue turns one in ten is enough.
const texts = fitted.filter(({ corpus }, i) => corpus !== 'dialogues' || i % 10 === 0);
const inputs = [];
for (const { corpus, text } of texts) {
  inputs.push({ text: `${text}\n` });
  for (const [piece] of text.matchAll(kPiece)) {
    // Newlines would merge with the one that parts the piece from its text.
    if (!/^[\r\n]/.test(piece)) inputs.push({ corpus, text: `${text}\n${piece}`, tokens: countTokens(piece) });
  }
}
const [names, ...tallies] = estimator(inputs.map(({ text }) => text), '--tally');
const prior = names.map((name) => kPrior[name.split('.').at(-1)] ?? 0);
const rows = [];
const tokensOf = {};
let whole;
tallies.forEach((tally, i) => {
  const counts = tally.map(Number);
  const { corpus, tokens } = inputs[i];
  if (!corpus) {
    whole = counts;
    return;
  }
  const added = counts.map((count, k) => count - whole[k]);
  // Where the piece changed the tongue of a page, the difference says nothing.
  if (added.some((count) => count < 0) || added.every((count) => count === 0)) return;
  rows.push({ added, tokens, corpus });
  tokensOf[corpus] = (tokensOf[corpus] ?? 0) + tokens;
});

// Normal equations in the distance from the prior, by coordinate descent for the sake of the bounds.
const size = names.length;
const matrix = Array.from({ length: size }, () => new Float64Array(size));
const right = new Float64Array(size);
for (const { added, tokens, corpus } of rows) {
  const weight = (corpus === 'dialogues' ? 3000 : 1000) / tokensOf[corpus];
  const rest = tokens - added.reduce((sum, count, k) => sum + count * prior[k], 0);
  for (let i = 0; i < size; i++) {
    if (added[i] === 0) continue;
    right[i] += weight * added[i] * rest;
    for (let j = 0; j < size; j++) matrix[i][j] += weight * added[i] * added[j];
  }
}
for (let i = 0; i < size; i++) matrix[i][i] += kPriorWeight;
const distance = new Float64Array(size);
for (let round = 0; round < 3000; round++) {
  for (let i = 0; i < size; i++) {
    const gradient = matrix[i].reduce((sum, value, j) => sum - value * distance[j], right[i]);
    distance[i] = Math.max(distance[i] + gradient / matrix[i][i], -prior[i]);
  }
}
const format = (i) => (prior[i] + distance[i]).toFixed(2);
console.log(`fitted on ${rows.length} pieces of ${texts.length} texts\n`);
for (let i = 0; i < size; i++) {
  const [tongue, part] = names[i].split('.');
  if (!part) console.log(`    ${format(i)},  // ${names[i]}`);
  if (part === 'words') {
    // Only Latin words can be accented.
    const parts = [0, 1, 2, 3].filter((k) => k < 3 || matrix[i + k][i + k] > kPriorWeight);
    console.log(`    {${parts.map((k) => format(i + k)).join(', ')}},  // ${tongue}`);
  }
}
