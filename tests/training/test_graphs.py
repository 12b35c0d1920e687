from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from mien import recipes
from mien.training import graphs, networks, optimizers
from mien.training.graphs import Recorded, recorded
from mien.training.step import Learner, Step

CPU = torch.device("cpu")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


class Stream:
    """A stand-in for a CUDA stream, on which work is done at once."""

    def __init__(self, device: torch.device) -> None:
        del device

    def wait_stream(self, other: Stream) -> None:
        del other


class Graph:
    """A stand-in for a CUDA graph: repeats recorded work on the same tensors."""

    made: ClassVar[list[Graph]] = []

    def __init__(self) -> None:
        self.generators: list[torch.Generator] = []
        self.again: Callable[[], None] = lambda: None
        Graph.made.append(self)

    def register_generator_state(self, generator: torch.Generator) -> None:
        self.generators.append(generator)

    def replay(self) -> None:
        self.again()


@pytest.fixture
def on_gpu(monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    """Replaces what needs a GPU; returns the graphs that are made."""

    @contextlib.contextmanager
    def nothing(*_: Any, **__: Any) -> Iterator[None]:
        yield

    def record(self: Recorded[Tensor], inputs: tuple[Tensor, ...]) -> None:
        original(self, inputs)
        result, work, own = self.result, self.work, self.inputs
        assert result is not None

        def again() -> None:
            result.copy_(work(*own))

        Graph.made[-1].again = again

    original: Any = Recorded._record
    monkeypatch.setattr(Recorded, "_record", record)
    monkeypatch.setattr(Graph, "made", [])
    parts: dict[str, Any] = {"CUDAGraph": Graph, "graph": nothing, "stream": nothing}
    for name, part in (parts | {"Stream": Stream, "current_stream": lambda: Stream(CPU)}).items():
        monkeypatch.setattr(torch.cuda, name, part)
    return Graph.made


def test_the_fourth_call_is_recorded_and_later_ones_repeat_it_on_new_inputs(on_gpu: list[Graph]) -> None:
    double = Recorded(lambda x: 2 * x, CPU)
    results = []
    for number in range(8):
        results.append(float(double(torch.tensor([float(number)]))))
        assert len(on_gpu) == (number >= graphs.EAGER_CALLS)
    assert results == [0, 2, 4, 6, 8, 10, 12, 14]


def test_inputs_of_another_shape_are_recorded_anew(on_gpu: list[Graph]) -> None:
    total = Recorded(lambda x, weight: x.sum() if weight is None else (x * weight).sum(), CPU)
    for size in (2, 3):
        for _ in range(6):
            assert float(total(torch.ones(size), None)) == size
    assert len(on_gpu) == 2
    for _ in range(6):
        assert float(total(torch.ones(3), torch.full((3,), 2.0))) == 6
    assert len(on_gpu) == 3


def test_a_generator_is_registered(on_gpu: list[Graph]) -> None:
    generator = torch.Generator()
    noise = Recorded(lambda x: x + torch.rand(1, generator=generator), CPU, generator)
    results = {float(noise(torch.zeros(1))) for _ in range(8)}
    assert len(results) == 8
    assert on_gpu[0].generators == [generator]


def test_only_work_on_a_gpu_is_recorded(on_gpu: list[Graph]) -> None:
    def work(x: Tensor) -> Tensor:
        return x

    gpu = torch.device("cuda")
    assert recorded(work, CPU) is work
    assert recorded(work, gpu, on=False) is work
    assert recorded(work, gpu, torch.Generator()) is work  # a cycle of views is drawn on the CPU
    assert isinstance(recorded(work, gpu), Recorded)


@needs_gpu
def test_recorded_steps_train_as_others_do() -> None:
    device = torch.device("cuda")
    losses: dict[bool, list[float]] = {}
    for on in (False, True):
        torch.manual_seed(0)
        recipe = recipes.get("tiny", ["dropout=0"])
        network = networks.build("tiny", 7, 32, 0).to(device)
        learner = Learner({"network": network})
        inside, outside = optimizers.recordable(optimizers.build(recipe, learner), device, on=on)
        step = recorded(Step(recipe, learner, learner, inside, device, "fp32"), device, on=on)
        faces, target = torch.randn(64, 1, 32, 32, device=device), torch.eye(7, device=device)[torch.arange(64) % 7]
        losses[on] = []
        for number in range(12):
            optimizers.set_rates([*inside, *outside], 1 / (1 + number))
            losses[on].append(float(step(faces, target, None, None, None)[0]))
            for optimizer in outside:
                optimizer.step()
    assert losses[True] == pytest.approx(losses[False], rel=2e-2)
    assert losses[True][-1] < 0.8 * losses[True][0]
