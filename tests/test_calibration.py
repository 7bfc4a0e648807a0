import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from headline_score.calibration import IDENTITY, calibrated
from headline_score.training import beta_calibration

LOGITS = st.floats(-1e4, 1e4)
SLOPES = st.floats(0, 5)


@given(z=LOGITS)
def test_the_identity_is_the_logistic_function(z: float) -> None:
    assert calibrated(z, IDENTITY) == pytest.approx(expit(z), rel=1e-9, abs=1e-300)


@given(st.lists(LOGITS, min_size=2), SLOPES, SLOPES, st.floats(-5, 5))
def test_strengths_are_in_range_and_in_the_order_of_the_log_odds(
    logits: list[float], a: float, b: float, c: float
) -> None:
    strengths = calibrated(np.sort(logits), (a, b, c))
    assert (np.diff(strengths) >= -1e-15).all()
    assert ((strengths >= 0) & (strengths <= 1)).all()


def test_each_target_has_its_own_coefficients() -> None:
    table = np.array([[1.0, 2.0], [1.0, 0.5], [0.0, -1.0]])
    both = calibrated([[0.3, -0.7]], table)
    assert both.tolist() == [[calibrated(0.3, table[:, 0]), calibrated(-0.7, table[:, 1])]]


@pytest.mark.parametrize("true", [(1.0, 1.0, 0.0), (1.5, 0.4, 0.8), (0.7, 1.2, -1.0)])
def test_a_calibration_is_found_again(true: tuple[float, float, float]) -> None:
    z = np.linspace(-6, 6, 5000)
    found = beta_calibration(z, calibrated(z, true), np.ones_like(z))
    assert np.allclose(calibrated(z, found), calibrated(z, true), atol=0.002)


def test_calibrated_strengths_are_met_on_average() -> None:
    random = np.random.default_rng(0)
    z, w = random.normal(-2, 2, 4000), random.random(4000)
    y = (random.random(4000) < 0.7 / (1 + np.exp(-2 * z))).astype(float)
    p = calibrated(z, beta_calibration(z, y, w))
    assert np.average(p, weights=w) == pytest.approx(np.average(y, weights=w), abs=0.002)


def test_what_is_not_learnt_is_not_learnt_inverted() -> None:
    z = np.linspace(-3, 3, 1000)
    found = beta_calibration(z, (z < 0).astype(float), np.ones_like(z))
    assert np.allclose(calibrated(z, found), 0.5)
