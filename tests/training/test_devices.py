from __future__ import annotations

import pytest
import torch

from mien.errors import TrainingError
from mien.training import devices


def test_auto_is_a_device_that_works() -> None:
    assert torch.zeros(2, device=devices.pick()).sum() == 0
    assert devices.pick("cpu").type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_missing_device_lists_those_that_are_there() -> None:
    with pytest.raises(TrainingError, match=r"no device 'cuda' that torch can use: choose .*cpu"):
        devices.pick("cuda")
    with pytest.raises(TrainingError, match="no device 'abacus'"):
        devices.pick("abacus")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({}, "fp32"), ({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16"), ({"avx512_f": True}, "fp32")],
)
def test_bf16_is_chosen_only_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, bool], expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    assert devices.pick_precision("auto", torch.device("cpu")) == expected
    assert devices.pick_precision("fp32", torch.device("cpu")) == "fp32"


def test_autocast_computes_in_bf16_only_when_asked() -> None:
    a = torch.ones(2, 2)
    with devices.autocast(torch.device("cpu"), "bf16"):
        assert (a @ a).dtype == torch.bfloat16
    with devices.autocast(torch.device("cpu"), "fp32"):
        assert (a @ a).dtype == torch.float32
