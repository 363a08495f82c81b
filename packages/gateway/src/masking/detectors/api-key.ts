import { type Find, findMatches } from './find.ts';

/**
 * Keys that say whose they are in their first characters. Every class of characters is bounded, or ends where the next
 * key could begin, so that no text takes longer than its length.
 */
const keys: readonly RegExp[] = [
  // AWS: access key ids.
  /(?<![\dA-Za-z])(?:AKIA|ASIA|AIDA|AROA)[A-Z2-7]{16}(?![\dA-Za-z])/g,
  // GitHub, GitLab, npm, PyPI.
  /(?<![\dA-Za-z])(?:gh[pousr]_[\dA-Za-z]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_[\dA-Za-z]{36}|pypi-[\w-]{50,})/g,
  // Slack.
  /(?<![\dA-Za-z])xox[abceoprs]-[\dA-Za-z-]{10,}/g,
  // Stripe; Shopify; Square.
  /(?<![\dA-Za-z])(?:[rs]k_(?:live|test)_[\dA-Za-z]{10,}|whsec_[\dA-Za-z+/=]{24,}|shp(?:at|ca|pa|ss)_[\da-fA-F]{32}|sq0[a-z]{3}-[\w-]{22,})/g,
  // Google: API keys, OAuth.
  /(?<![\dA-Za-z])(?:AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{28})/g,
  // OpenAI, Anthropic and those who took after them; Hugging Face.
  /(?<![\dA-Za-z])(?:sk-[\w-]{20,}|hf_[A-Za-z]{30,})/g,
  // SendGrid, Twilio, DigitalOcean.
  /(?<![\w-])SG\.[\w-]{16,64}\.[\w-]{16,128}/g,
  /(?<![\dA-Za-z])(?:(?:AC|SK)[\da-f]{32}(?![\dA-Za-z])|do[opr]_v1_[\da-f]{64})/g,
  // JSON Web Tokens: two objects in base64url and a signature, or five parts.
  /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*/g,
  /(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]{8,}){4}/g,
];

/** One of the beginnings of the expressions above: most texts have none. */
const beginnings =
  /AKIA|ASIA|AIDA|AROA|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[a-z]-|[rs]k_|whsec_|shp[a-z]{2}_|sq0|AIza|ya29\.|GOCSPX|sk-|hf_|SG\.|(?:AC|SK)[\da-f]{32}|do[opr]_v1_|eyJ/;

/** API keys, access tokens and JSON Web Tokens, told by their prefixes. */
export const findApiKeys: Find = (text, found) => {
  if (!beginnings.test(text)) return;
  for (const pattern of keys) findMatches(text, { pattern }, found);
};
