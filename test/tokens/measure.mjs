// Prints how far the estimator is from the real tokenizer, on the texts that it was not fitted on.
import { estimator, loadTexts } from './corpora.mjs';

const texts = loadTexts().filter((text) => text.half === 'report');
const estimates = estimator(texts.map(({ text }) => text)).map(([n]) => Number(n));
const corpora = new Map();
texts.forEach(({ corpus, tokens }, i) => {
  const sum = corpora.get(corpus) ?? { texts: 0, tokens: 0, relative: 0, signed: 0 };
  corpora.set(corpus, sum);
  sum.texts += 1;
  sum.tokens += tokens;
  sum.relative += Math.abs(estimates[i] - tokens) / tokens;
  sum.signed += estimates[i] - tokens;
});

console.log('corpus               texts  tokens  mean error of a text  error of the whole');
for (const [name, { texts, tokens, relative, signed }] of corpora) {
  const error = `${((100 * relative) / texts).toFixed(1)} %`.padStart(22);
  const whole = `${signed > 0 ? '+' : ''}${((100 * signed) / tokens).toFixed(1)} %`.padStart(20);
  console.log(name.padEnd(20), String(texts).padStart(5), String(tokens).padStart(7), error, whole);
}
