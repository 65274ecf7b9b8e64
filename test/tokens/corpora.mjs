// The texts to measure on, with their real number of o200k tokens, and the way to the estimator.
// Set by measure.sh: TOKENS_TMP, the folder of the tokenizer and of the built estimator;
// SM_DIALOGUES, a gzipped file of dialogues, one JSON object with "turns" a line; optional.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const folder = process.env.TOKENS_TMP;
const require = createRequire(path.join(folder, 'index.js'));
const { encode } = require('gpt-tokenizer/encoding/o200k_base');

export const countTokens = (text) => encode(text).length;

/** One output line per text, split at blanks; with --tally a line of names comes first. */
export function estimator(texts, ...options) {
  const input = texts.map((text) => `${Buffer.byteLength(text)}\n${text}\n`).join('');
  const run = spawnSync(path.join(folder, 'estimate'), options, { input, maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`the estimator failed: ${run.stderr}`);
  return run.stdout.toString().trimEnd().split('\n').map((line) => line.trim().split(' '));
}

/**
 * [{corpus, half, text, tokens}]: texts of a file stand between lines of %%. Even texts (of the
 * dialogues: even dialogues) are for fitting, odd ones for reporting; all of unseen_* is for reporting.
 */
export function loadTexts() {
  const texts = [];
  const add = (corpus, index, text) => {
    if (text.length < 20) return;
    const half = corpus.startsWith('unseen_') || index % 2 === 1 ? 'report' : 'fit';
    texts.push({ corpus, half, text, tokens: countTokens(text) });
  };
  const dialogues = process.env.SM_DIALOGUES;
  if (fs.existsSync(dialogues)) {
    const lines = zlib.gunzipSync(fs.readFileSync(dialogues)).toString().trim().split('\n');
    lines.forEach((line, i) => {
      for (const turn of JSON.parse(line).turns) add('dialogues', i, turn.content);
    });
  } else {
    console.log(`SKIPPED: dialogues, there is no ${dialogues} (set SM_DIALOGUES)\n`);
  }
  const corpus = path.join(path.dirname(fileURLToPath(import.meta.url)), 'corpus');
  for (const file of fs.readdirSync(corpus).sort()) {
    const content = fs.readFileSync(path.join(corpus, file), 'utf8').trimEnd();
    content.split('\n%%\n').forEach((text, i) => add(path.parse(file).name, i, text));
  }
  return texts;
}
