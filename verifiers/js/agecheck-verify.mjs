// Verifies an agecheck token (schema v1) as a relying party: browsers, Node 20 or newer, Deno, Bun.
// No dependency; Ed25519 and SHA-256 are WebCrypto's. The rules, their order and the faults are
// those of docs/reference/token.md, and docs/reference/vectors/refusals-v1.json holds it to them.
//
// A token is good for one answer: forget the nonce with this call, whatever comes of it.

const MAX_TOKEN_CHARS = 4096;
const LIFETIME_S = 300;
const MAX_TIME_S = 253402300799; // the end of the year 9999
const MAX_CHALLENGE_AGE_YEARS = 80;
const MAX_AGE_LIMIT_YEARS = MAX_CHALLENGE_AGE_YEARS - 1;
const INPUTS = ["file", "browser", "device"];

/** A token was refused; `fault` is the name of the rule that it broke, such as "EXPIRED". */
export class TokenError extends Error {
  constructor(fault) {
    super(`the token was refused: ${fault}`);
    this.name = "TokenError";
    this.fault = fault;
  }
}

/** The caller's own key, clock or setting cannot be used; it says nothing about the token. */
export class VerifierError extends Error {
  constructor(message) {
    super(message);
    this.name = "VerifierError";
  }
}

/**
 * Checks a token in full, or throws.
 *
 * @param {string} token compact JWS
 * @param {object} expected
 * @param {string} expected.audience the caller's own name, as in the challenge
 * @param {string} expected.nonce as in the challenge
 * @param {object} expected.publicJwk the device's public key; the token does not choose it
 * @param {number} expected.nowS seconds since 1970 (UTC)
 * @param {?number} [expected.ageLimit] in whole years; null or left out: any
 * @param {string[]} [expected.acceptInputs] of "file", "browser", "device"
 * @param {number} [expected.leewayS] how far the device's clock may be ahead, 0 to 300
 * @returns {Promise<object>} frozen: ageLimit, over, challengeAgeYears and so on. Ask `.over`: an
 *   object is true whatever it says.
 * @throws {TokenError} whatever the token is, nothing else is thrown for it
 * @throws {VerifierError} the caller's mistake
 */
export async function verifyToken(token, expected) {
  const { audience, nonce, publicJwk, nowS } = expected;
  const { ageLimit = null, acceptInputs = ["browser", "device"], leewayS = 30 } = expected;
  requireUsable(audience, nonce, nowS, ageLimit, acceptInputs, leewayS);
  const { key, thumbprint } = await readKey(publicJwk);

  const [header, payload, signature] = wellFormed(token);
  const signed = new TextEncoder().encode(`${header.text}.${payload.text}`);
  refuseUnless(await verifies(key, signature.bytes, signed), "BAD_SIGNATURE");
  const claims = readClaims(parseFlatObject(payload.bytes));
  refuseUnless(claims !== null, "BAD_CLAIMS");

  refuseUnless(claims.iss === thumbprint, "WRONG_ISSUER");
  refuseUnless(claims.aud === audience, "WRONG_AUDIENCE");
  refuseUnless(claims.nonce === nonce, "WRONG_NONCE");
  refuseUnless(ageLimit === null || claims.ageLimit === ageLimit, "WRONG_AGE_LIMIT");
  refuseUnless(claims.iat <= nowS + leewayS, "NOT_YET_VALID");
  refuseUnless(nowS < claims.exp, "EXPIRED");
  refuseUnless(acceptInputs.includes(claims.input), "INPUT_REFUSED");
  return Object.freeze({
    ageLimit: claims.ageLimit,
    over: claims.over,
    challengeAgeYears: claims.challenge_age,
    policyId: claims.policy,
    bundleDigest: claims.bundle,
    seal: claims.seal,
    liveness: claims.liveness,
    input: claims.input,
    maxAttempts: claims.max_attempts,
    issuedAtS: claims.iat,
    expiresAtS: claims.exp,
    tokenId: claims.jti,
    issuer: claims.iss,
  });
}

function refuseUnless(holds, fault) {
  if (holds !== true) throw new TokenError(fault);
}

// Form

function wellFormed(token) {
  refuseUnless(typeof token === "string", "MALFORMED");
  // A character beyond U+FFFF counts once, as in Python, and is two units here.
  const tooLarge = token.length > 2 * MAX_TOKEN_CHARS || [...token].length > MAX_TOKEN_CHARS;
  refuseUnless(!tooLarge, "TOO_LARGE");
  const parts = token.split(".").map((text) => ({ text, bytes: base64urlBytes(text) }));
  refuseUnless(parts.length === 3 && parts.every(({ bytes }) => bytes !== null), "MALFORMED");
  const header = parseFlatObject(parts[0].bytes);
  refuseUnless(header !== null, "MALFORMED");
  refuseUnless(header.get("alg")?.value === "EdDSA", "WRONG_ALGORITHM");
  refuseUnless(header.get("typ")?.value === "agecheck+jwt", "WRONG_TYPE");
  refuseUnless(header.size === 2, "MALFORMED");
  return parts;
}

/** Bytes of canonical base64url, or null: no padding, no white space, no stray bits. */
function base64urlBytes(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  const binary = atob(base64);
  if (btoa(binary).replace(/=+$/, "") !== base64) return null;
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function base64urlOf(bytes) {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * A JSON object of texts, numbers and constants, or null: no member twice, nothing nested.
 * JSON.parse keeps the last of two members and forgets how a number was written, so the pieces are
 * found here, and only single texts and numbers are handed to it.
 *
 * @returns {?Map<string, {value: *, isWhole: boolean}>}
 */
function parseFlatObject(bytes) {
  const text = decodeUtf8(bytes);
  if (text === null) return null;
  const piece =
    /[ \t\n\r]*(?:([{}:,])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|(-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)|(true|false|null))/y;
  const pieces = [];
  let end = 0;
  for (let match; (match = piece.exec(text)) !== null; end = piece.lastIndex) {
    const [, mark, quoted, number, fraction, exponent, constant] = match;
    if (mark !== undefined) pieces.push({ mark });
    else {
      const isWhole = number !== undefined && fraction === undefined && exponent === undefined;
      pieces.push({ value: JSON.parse(quoted ?? number ?? constant), isWhole });
    }
  }
  if (!/^[ \t\n\r]*$/.test(text.slice(end))) return null;
  return membersOf(pieces);
}

function membersOf(pieces) {
  const members = new Map();
  if (pieces[0]?.mark !== "{" || pieces.at(-1).mark !== "}" || pieces.length < 2) return null;
  if (pieces.length === 2) return members;
  // Between the braces: name, colon, value, comma, again and again.
  if ((pieces.length - 1) % 4 !== 0) return null;
  for (let at = 1; at < pieces.length; at += 4) {
    const [name, colon, item, after] = pieces.slice(at, at + 4);
    const last = at + 4 === pieces.length;
    if (typeof name.value !== "string" || colon.mark !== ":" || item.mark !== undefined) return null;
    if (after.mark !== (last ? "}" : ",") || members.has(name.value)) return null;
    members.set(name.value, item);
  }
  return members;
}

function decodeUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

// Claims

const isText = (pattern) => (item) => typeof item.value === "string" && pattern.test(item.value);
const isWhole = (lowest, highest, step = 1) => (item) =>
  item.isWhole && item.value >= lowest && item.value <= highest && item.value % step === 0;
const isBytes = (size) => (item) =>
  typeof item.value === "string" && base64urlBytes(item.value)?.length === size;
const isTenths = ({ value }) =>
  typeof value === "number" &&
  value > 0 &&
  value <= MAX_CHALLENGE_AGE_YEARS &&
  Math.round(value * 10) / 10 === value;

// JavaScript's $ does not match before a line break at the end, as Python's would.
const CHECKS = new Map([
  ["v", isWhole(1, 1)],
  ["method", isText(/^facial-age-estimation$/)],
  ["challenge_age", isTenths],
  ["policy", isText(/^[A-Za-z0-9._/-]{1,128}$/)],
  ["bundle", isText(/^[0-9a-f]{64}$/)],
  ["seal", isText(/^(open|partial|sealed)$/)],
  ["liveness", isText(/^(none|passive|active)$/)],
  ["input", isText(/^(file|browser|device)$/)],
  ["max_attempts", isWhole(1, 10)],
  ["aud", isText(/^[\x21-\x7e]{1,255}$/)],
  ["nonce", isText(/^[A-Za-z0-9_-]{16,128}$/)],
  ["iss", isBytes(32)],
  ["iat", isWhole(0, MAX_TIME_S, 60)],
  ["exp", isWhole(0, MAX_TIME_S)],
  ["jti", isBytes(16)],
]);

function readClaims(members) {
  if (members === null || members.size !== CHECKS.size + 1) return null;
  const ages = [...members.keys()].filter((name) => /^age_over_[1-9][0-9]?$/.test(name));
  if (ages.length !== 1) return null;
  const claims = { over: members.get(ages[0]).value, ageLimit: Number(ages[0].slice(9)) };
  if (typeof claims.over !== "boolean") return null;
  for (const [name, check] of CHECKS) {
    const item = members.get(name);
    if (item === undefined || !check(item)) return null;
    claims[name] = item.value;
  }
  const life = claims.exp - claims.iat;
  return claims.ageLimit < claims.challenge_age && life > 0 && life <= LIFETIME_S ? claims : null;
}

// Key and signature

const FIELD_PRIME = 2n ** 255n - 19n;
// The y of the eight points of small order: anybody could sign for such a key.
const SMALL_ORDER_Y = [
  0n,
  1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  FIELD_PRIME - 1n,
];

async function readKey(jwk) {
  const { kty, crv, x, d, alg = "EdDSA", use = "sig" } = jwk ?? {};
  const raw = typeof x === "string" ? base64urlBytes(x) : null;
  const isOurs = kty === "OKP" && crv === "Ed25519" && alg === "EdDSA" && use === "sig";
  if (!isOurs || d !== undefined || raw?.length !== 32 || !isSound(raw)) {
    throw new VerifierError("publicJwk is a sound Ed25519 public key for EdDSA signatures");
  }
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  // RFC 7638: these members, in this order.
  const named = new TextEncoder().encode(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", named));
  return { key, thumbprint: base64urlOf(digest) };
}

function isSound(raw) {
  const littleEndian = raw.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const y = littleEndian % 2n ** 255n; // the last bit is the sign of x
  return y < FIELD_PRIME && !SMALL_ORDER_Y.includes(y);
}

async function verifies(key, signature, message) {
  try {
    return await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
  } catch {
    return false;
  }
}

function requireUsable(audience, nonce, nowS, ageLimit, acceptInputs, leewayS) {
  const within = (value, lowest, highest) =>
    typeof value === "number" && value >= lowest && value <= highest;
  const faults = [
    [CHECKS.get("aud")({ value: audience }), "audience is 1 to 255 printable ASCII characters"],
    [CHECKS.get("nonce")({ value: nonce }), "nonce is 16 to 128 characters of base64url"],
    [within(nowS, 0, MAX_TIME_S), "nowS is a time in seconds since 1970"],
    [within(leewayS, 0, LIFETIME_S), "leewayS lies from 0 to 300 seconds"],
    [
      ageLimit === null || (Number.isInteger(ageLimit) && within(ageLimit, 1, MAX_AGE_LIMIT_YEARS)),
      "ageLimit is a whole number from 1 to 79, or null",
    ],
    [
      Array.isArray(acceptInputs) &&
        acceptInputs.length > 0 &&
        acceptInputs.every((input) => INPUTS.includes(input)),
      'acceptInputs is an array of "file", "browser", "device", not empty',
    ],
  ];
  const [, message] = faults.find(([holds]) => !holds) ?? [];
  if (message !== undefined) throw new VerifierError(message);
}
