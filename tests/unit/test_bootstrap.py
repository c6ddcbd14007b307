"""`load_checker` and what it returns, whole: shipped models, shipped calibration, a real face."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecheck import (
    AgeChecker,
    AgePolicy,
    CalibrationError,
    Challenge,
    ChallengeError,
    CheckResult,
    ImageSource,
    PolicyError,
    Reason,
    SealError,
    TokenError,
    TokenFault,
    Verdict,
    bootstrap,
    load_checker,
)
from agecheck import calibration as calibration_module
from agecheck.calibration import shipped_calibration
from agecheck.token import DeviceKey, verify_token
from unit.shipped_checks import CHALLENGE_25, OVER, recoded

SHIPPED = Path(calibration_module.__file__).parent / "models/data" / calibration_module.SHIPPED_FILE
NO_FACE = CheckResult.inconclusive(Reason.NO_FACE)
SHOP = "https://shop.example"
NONCE = "bm9uY2UtZm9yLXRlc3Rz"
NOW_S = 1_767_225_600.0


@pytest.fixture(scope="module")
def checker() -> AgeChecker:
    return load_checker(CHALLENGE_25)


class TestLoading:
    def test_without_arguments_it_asks_over_18_as_shipped(self) -> None:
        """The shortest call is the strict one: the calibration's own challenge age."""
        effective = load_checker().policy
        assert effective.age_limit == 18
        assert effective.challenge_age_years == shipped_calibration().challenge_ages_years[18][0.02]

    def test_a_calibration_of_ones_own_is_taken(self, tmp_path: Path, portrait: Path) -> None:
        """The file that is named decides, not the shipped one."""
        document = json.loads(SHIPPED.read_bytes())
        document["challenge_ages_years"] = {"18": {"0.02": 77.7}}
        path = tmp_path / "own.json"
        path.write_text(json.dumps(document))
        own = load_checker(calibration=path)
        assert own.policy.challenge_age_years == 77.7
        assert own.check(portrait) == CheckResult.inconclusive(Reason.WITHIN_BUFFER)
        assert load_checker(calibration=str(path)).bundle_digest == own.bundle_digest

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"models_digest": "0" * 64}, "other models"),
            ({"fusion": {"features": "another set/1"}}, "other features"),
            ({"max_sd_years": -1}, "malformed"),
        ],
        ids=["other models", "other features", "malformed"],
    )
    def test_a_calibration_that_does_not_fit_is_refused(
        self, changes: dict[str, object], message: str, tmp_path: Path
    ) -> None:
        """Parameters measured on other networks would decide at random."""
        document = json.loads(SHIPPED.read_bytes())
        for name, value in changes.items():
            document[name] = document[name] | value if isinstance(value, dict) else value
        path = tmp_path / "other.json"
        path.write_text(json.dumps(document))
        with pytest.raises(CalibrationError, match=message):
            load_checker(calibration=path)

    def test_one_changed_byte_makes_another_bundle(self, tmp_path: Path) -> None:
        """A relying party sees in the token that a device uses other parameters."""
        digests = {load_checker(CHALLENGE_25).bundle_digest}
        for index, ending in enumerate((b"", b" ", b"\n")):
            path = tmp_path / f"{index}.json"
            path.write_bytes(SHIPPED.read_bytes() + ending)
            digests.add(load_checker(CHALLENGE_25, calibration=path).bundle_digest)
        assert len(digests) == 3

    @pytest.mark.parametrize("seal", ["", "OFF", "open", "sealed", "required"])
    def test_a_seal_that_does_not_exist_is_refused(self, seal: str) -> None:
        """A misspelt level is not taken for a lower one."""
        with pytest.raises(SealError, match="off"):
            load_checker(CHALLENGE_25, seal=seal)  # type: ignore[arg-type]

    @pytest.mark.parametrize("release_quantum_ms", [-1, 10_001, float("nan")])
    def test_a_bad_release_quantum_is_refused_before_a_worker_starts(
        self, release_quantum_ms: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A mistake of the caller's leaves no process behind."""
        monkeypatch.setattr(bootstrap, "_start_workers", lambda *_: pytest.fail("a worker started"))
        with pytest.raises(PolicyError, match="release_quantum_ms"):
            load_checker(CHALLENGE_25, release_quantum_ms=release_quantum_ms)  # type: ignore[arg-type]

    def test_an_age_limit_that_was_not_measured_is_refused(self) -> None:
        """There is no nearest age limit; the error lists those there are."""
        with pytest.raises(PolicyError, match=r"limit 65.*13.*15.*16.*18.*21"):
            load_checker(AgePolicy(age_limit=65))

    def test_a_rate_that_was_not_measured_is_refused(self) -> None:
        """A promise that the measurement cannot support is not rounded into one it can."""
        with pytest.raises(PolicyError, match=r"0\.0001.*0\.02"):
            load_checker(AgePolicy(max_false_over_rate=0.0001))


class TestChecking:
    def test_the_portrait_is_over_18_at_challenge_25(
        self, checker: AgeChecker, portrait: Path
    ) -> None:
        """The main job, end to end."""
        assert checker.check(portrait) == OVER

    @pytest.mark.parametrize(
        ("age_limit", "challenge_age", "expected"),
        [
            (18, 78, CheckResult.inconclusive(Reason.WITHIN_BUFFER)),
            (60, 70, CheckResult(Verdict.UNDER)),
        ],
    )
    def test_the_policy_decides_about_the_same_portrait(
        self, age_limit: int, challenge_age: float, expected: CheckResult, portrait: Path
    ) -> None:
        """The answer follows the question, so a constant OVER would not pass."""
        policy = AgePolicy(age_limit=age_limit, challenge_age=challenge_age)
        assert load_checker(policy).check(portrait) == expected

    def test_a_cat_has_no_verdict(self, checker: AgeChecker, cat: Path) -> None:
        """The negative control."""
        assert checker.check(cat) == NO_FACE

    def test_every_kind_of_input_has_one_answer(self, checker: AgeChecker, portrait: Path) -> None:
        """How a picture is handed in does not decide about the person in it."""
        with Image.open(portrait) as opened:
            picture = opened.convert("RGB")
        array = np.asarray(picture)
        content = portrait.read_bytes()
        sources: list[ImageSource] = [portrait, str(portrait), picture, array]
        sources += [content, bytearray(content), memoryview(content)]
        sources += [array.copy(order="F"), recoded(portrait, "PNG")]
        assert [checker.check(source) for source in sources] == [OVER] * len(sources)

    @pytest.mark.parametrize("side_px", [400, 512, 900, 1600])
    @pytest.mark.parametrize("quality", [30, 75, 95])
    def test_a_jpeg_of_any_quality_and_size_has_one_answer(
        self, side_px: int, quality: int, portrait: Path
    ) -> None:
        """Who is clear of the challenge age does not fail by how a camera stores the picture."""
        checker = load_checker(AgePolicy(age_limit=18, challenge_age=22))
        assert checker.check(recoded(portrait, "JPEG", side_px, quality=quality)) == OVER

    def test_two_threads_get_the_answers_of_one(
        self, checker: AgeChecker, portrait: Path, cat: Path
    ) -> None:
        """A checker shared by a server's threads does not mix two people up."""
        small = recoded(portrait, "JPEG", 200)
        large = recoded(portrait, "JPEG", 1200)
        pictures: list[ImageSource] = [portrait, cat, small, large] * 10
        one = [checker.check(picture) for picture in pictures]
        with ThreadPoolExecutor(max_workers=2) as pool:
            assert list(pool.map(checker.check, pictures)) == one
        assert len(set(one)) == 3


class TestAttesting:
    @staticmethod
    def attest(checker: AgeChecker, image: ImageSource, key: DeviceKey) -> str | None:
        signer = key.signer(SHOP, now=lambda: NOW_S)
        return checker.attest(image, Challenge(SHOP, NONCE, 18), signer).token

    def test_a_selfie_becomes_a_token_that_a_relying_party_takes(
        self, checker: AgeChecker, portrait: Path, tmp_path: Path
    ) -> None:
        """From a file to `over` on the other side, through a key file read back from disk."""
        DeviceKey.create(tmp_path / "device.key")
        key = DeviceKey.load(tmp_path / "device.key")
        token = self.attest(checker, portrait, key)
        verified = verify_token(
            token or "",
            audience=SHOP,
            nonce=NONCE,
            public_jwk=key.signer(SHOP).public_jwk(),
            now_s=NOW_S + 5,
            age_limit=18,
            accept_inputs={"file"},
        )
        assert verified.over is True
        assert verified.challenge_age_years == 25
        assert verified.policy_id == checker.policy.policy_id
        assert verified.bundle_digest == checker.bundle_digest
        assert (verified.input, verified.seal, verified.liveness) == ("file", "sealed", "none")

    def test_an_under_becomes_a_token_that_says_so(self, portrait: Path, tmp_path: Path) -> None:
        """A token as such admits nobody."""
        checker = load_checker(AgePolicy(age_limit=60, challenge_age=70))
        signer = DeviceKey.create(tmp_path / "device.key").signer(SHOP, now=lambda: NOW_S)
        attestation = checker.attest(portrait, Challenge(SHOP, NONCE, 60), signer)
        assert attestation.verdict is Verdict.UNDER
        verified = verify_token(
            attestation.token or "",
            audience=SHOP,
            nonce=NONCE,
            public_jwk=signer.public_jwk(),
            now_s=NOW_S + 5,
            age_limit=60,
            accept_inputs={"file"},
        )
        assert verified.over is False

    def test_a_file_is_refused_unless_a_relying_party_says_otherwise(
        self, checker: AgeChecker, portrait: Path, tmp_path: Path
    ) -> None:
        """A file can be anybody's picture; the token says so, and the default listens."""
        key = DeviceKey.create(tmp_path / "device.key")
        with pytest.raises(TokenError) as caught:
            verify_token(
                self.attest(checker, portrait, key) or "",
                audience=SHOP,
                nonce=NONCE,
                public_jwk=key.signer(SHOP).public_jwk(),
                now_s=NOW_S + 5,
            )
        assert caught.value.fault is TokenFault.INPUT_REFUSED

    def test_without_an_answer_there_is_no_token(
        self, checker: AgeChecker, cat: Path, tmp_path: Path
    ) -> None:
        """An inconclusive check gives a relying party nothing to read."""
        key = DeviceKey.create(tmp_path / "device.key")
        assert self.attest(checker, cat, key) is None

    def test_a_challenge_for_another_age_limit_is_not_answered(
        self, checker: AgeChecker, portrait: Path, tmp_path: Path
    ) -> None:
        """Asking one device at many limits would narrow an age down."""
        signer = DeviceKey.create(tmp_path / "device.key").signer(SHOP)
        with pytest.raises(ChallengeError):
            checker.attest(portrait, Challenge(SHOP, NONCE, 21), signer)
