#!/bin/sh
# What a person, their device and a relying party would do, on the sample selfie. Used by `make demo`.
set -eu

selfie=tests/pictures/astronaut.png
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# An inconclusive or under answer is an answer: only 0, 10 and 20 are.
answer() {
    echo "\$ agecheck check $*"
    code=0
    agecheck check "$@" || code=$?
    case $code in 0 | 10 | 20) ;; *) exit "$code" ;; esac
    echo
}

echo "# Over 18? At the default challenge age, set for 2 % of 14 to 17 (measured: docs/explanation/accuracy.md):"
answer "$selfie"

echo "# The same selfie at Challenge 25:"
answer "$selfie" --challenge-age 25

echo "# A relying party asks (audience, nonce); the device answers with a signed token:"
nonce=$(python -c "import secrets; print(secrets.token_urlsafe(24))")
agecheck keys new "$folder/device.key"
agecheck keys show --key "$folder/device.key" --audience https://shop.example > "$folder/device.jwk"
agecheck check "$selfie" --challenge-age 25 \
    --audience https://shop.example --nonce "$nonce" --key "$folder/device.key" \
    > "$folder/answer"
cat "$folder/answer"
echo

echo "# The relying party verifies it (it says that it would take a picture from a file):"
tail -n 1 "$folder/answer" | agecheck verify - \
    --audience https://shop.example --nonce "$nonce" --jwk "$folder/device.jwk" \
    --age-limit 18 --accept-input file
