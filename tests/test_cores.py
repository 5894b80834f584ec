"""One core for linear algebra while a run lasts, as many as before afterwards."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline.cores import linear_algebra_on_one_core
from pipeline.errors import DiscdeltaError
from pipeline.workflow import compare


def threads() -> set[int]:
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def test_the_limit_lasts_as_long_as_the_run() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        with linear_algebra_on_one_core():
            assert threads() == {1}
        assert threads() == before


def test_a_refused_comparison_gives_the_cores_back(tmp_path: object) -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        with pytest.raises(DiscdeltaError):
            compare(f"{tmp_path}/nothing", f"{tmp_path}/there")
        assert threads() == before
