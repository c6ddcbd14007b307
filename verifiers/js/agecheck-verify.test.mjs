// The JavaScript verifier refuses and accepts what the Python one does: node --test verifiers/js
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { TokenError, VerifierError, verifyToken } from "./agecheck-verify.mjs";

const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../docs/reference/vectors/${name}`, import.meta.url), "utf8"));
const refusals = read("refusals-v1.json");
const published = read("token-v1.json");

const tokenOf = ({ token }) =>
  typeof token?.repeat === "string" ? token.repeat.repeat(token.count) : token;
const given = (vector) => {
  const all = { ...refusals.defaults, ...vector.given };
  return {
    audience: all.audience,
    nonce: all.nonce,
    publicJwk: all.public_jwk,
    nowS: all.now_s,
    ageLimit: all.age_limit,
    acceptInputs: all.accept_inputs,
    leewayS: all.leeway_s,
  };
};
const good = () => [refusals.accepted[0].token, given({})];

async function outcome(token, expected) {
  try {
    return { answer: await verifyToken(token, expected) };
  } catch (error) {
    if (error instanceof TokenError) return { fault: error.fault };
    if (error instanceof VerifierError) return { fault: "UNUSABLE_KEY" };
    throw error;
  }
}

// The vectors are only as good as their number: an empty file would pass.
test("there are at least sixty refusals and ten near misses", () => {
  assert.ok(refusals.refused.length >= 60);
  assert.ok(refusals.accepted.length >= 10);
});

// Python and JavaScript give the same token the same fault, or a site could be played off.
for (const vector of refusals.refused) {
  test(`refused, ${vector.fault}: ${vector.name}`, async () => {
    assert.deepEqual(await outcome(tokenOf(vector), given(vector)), { fault: vector.fault });
  });
}

// A verifier that refuses everything is no verifier.
for (const vector of refusals.accepted) {
  test(`accepted: ${vector.name}`, async () => {
    const { answer, fault } = await outcome(tokenOf(vector), given(vector));
    assert.equal(fault, undefined);
    assert.equal(answer.over, vector.over);
  });
}

// What agecheck itself issued and published is read field by field.
for (const { over, token } of published.tokens) {
  test(`the published token for ${over}`, async () => {
    const { challenge, evidence } = published;
    const answer = await verifyToken(token, {
      audience: challenge.audience,
      nonce: challenge.nonce,
      publicJwk: published.public_jwk,
      nowS: published.now_s,
      ageLimit: challenge.age_limit,
    });
    assert.deepEqual(answer, {
      ageLimit: evidence.age_limit,
      over,
      challengeAgeYears: evidence.challenge_age_years,
      policyId: evidence.policy_id,
      bundleDigest: evidence.bundle_digest,
      seal: evidence.seal,
      liveness: evidence.liveness,
      input: evidence.input,
      maxAttempts: evidence.max_attempts,
      issuedAtS: 1767225600,
      expiresAtS: 1767225900,
      tokenId: Buffer.from(published.token_id_hex, "hex").toString("base64url"),
      issuer: published.public_jwk.kid,
    });
    assert.ok(Object.isFrozen(answer));
  });
}

// No single character of a token can be changed, the last of each part included.
test("every character counts", async () => {
  const [token, expected] = good();
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === "A" ? "Q" : "A";
    const { answer } = await outcome(token.slice(0, at) + other + token.slice(at + 1), expected);
    assert.equal(answer, undefined, `character ${at}`);
  }
});

// A missing setting must not widen what is accepted.
const mistakes = {
  "no audience": { audience: undefined },
  "an audience with a space": { audience: "https://shop.example " },
  "a short nonce": { nonce: "short" },
  "no clock": { nowS: undefined },
  "a clock without a time": { nowS: NaN },
  "a clock as text": { nowS: "1767225650" },
  "a negative leeway": { leewayS: -1 },
  "a long leeway": { leewayS: 301 },
  "half a year": { ageLimit: 17.5 },
  "an age as text": { ageLimit: "18" },
  "age 0": { ageLimit: 0 },
  "an age that no challenge age lies above": { ageLimit: 80 },
  "no inputs": { acceptInputs: [] },
  "inputs as a text": { acceptInputs: "device" },
  "an unknown input": { acceptInputs: ["device", "camera"] },
};
for (const [name, change] of Object.entries(mistakes)) {
  test(`the caller's mistake: ${name}`, async () => {
    const [token, expected] = good();
    await assert.rejects(verifyToken(token, { ...expected, ...change }), VerifierError);
  });
}

test("79 is an age to ask about", async () => {
  const [token, expected] = good();
  const error = await verifyToken(token, { ...expected, ageLimit: 79 }).catch((e) => e);
  assert.equal(error.fault, "WRONG_AGE_LIMIT");
});

// An error is logged, and what is logged has left the site.
test("no message holds the token or what it says", async () => {
  const [token, expected] = good();
  const error = await verifyToken(token, { ...expected, nonce: "A".repeat(32) }).catch((e) => e);
  assert.equal(error.message, "the token was refused: WRONG_NONCE");
});
