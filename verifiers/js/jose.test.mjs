// What is published is read by a library that has nothing of ours in it: jose, on Node.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { compactVerify, importJWK, jwtVerify } from "jose";

const VECTOR = JSON.parse(
  readFileSync(new URL("../../docs/reference/vectors/formats-v1.json", import.meta.url), "utf8"),
);
const KEY = await importJWK(VECTOR.public_jwk, "EdDSA");
const RULES = {
  algorithms: ["EdDSA"],
  audience: VECTOR.challenge.audience,
  currentDate: new Date(VECTOR.now_s * 1000),
};
// An SD-JWT without disclosures is a JWS with a tilde behind it.
const FORMATS = { jws: ["agecheck+jwt", ""], "sd-jwt-vc": ["dc+sd-jwt", "~"] };

for (const [format, [typ, tail]] of Object.entries(FORMATS)) {
  const published = VECTOR.tokens.filter((one) => one.format === format);

  test(`both answers of ${format} are published`, () => {
    assert.deepEqual(published.map((one) => one.over).sort(), [false, true]);
  });

  for (const { over, token } of published) {
    const compact = token.slice(0, token.length - tail.length);

    test(`jose reads ${format}, ${over}`, async () => {
      assert.equal(token, compact + tail);
      const { payload } = await jwtVerify(compact, KEY, { ...RULES, typ });
      assert.equal(payload.age_over_18, over);
      assert.equal(payload.nonce, VECTOR.challenge.nonce);
      assert.equal(payload.method, "facial-age-estimation");
    });

    test(`jose refuses ${format}, ${over}, once it is altered or late`, async () => {
      const [header, , signature] = compact.split(".");
      const other = VECTOR.tokens.find((one) => one.format === format && one.over !== over).token;
      await assert.rejects(
        compactVerify([header, other.split(".")[1], signature].join("."), KEY),
        { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" },
      );
      const late = new Date((VECTOR.now_s + 3600) * 1000);
      await assert.rejects(jwtVerify(compact, KEY, { ...RULES, typ, currentDate: late }), {
        code: "ERR_JWT_EXPIRED",
      });
    });
  }
}
