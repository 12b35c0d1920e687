from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
import torch
import torch.nn.functional as F

from mien import Classifier, recipes
from mien.data.faceset import FaceSet
from mien.errors import ModelFileError, RecipeError, RunError
from mien.progress import Progress
from mien.run import Run
from mien.run_record import EpochRecord, Hardware
from mien.training import job, teachers
from mien.training.teachers import Teacher

CPU = torch.device("cpu")


def grays(faces: FaceSet, num: int = 6) -> torch.Tensor:
    return torch.from_numpy(faces.images[:num]).float().unsqueeze(1)


def test_a_run_folder_answers_as_its_model_file_does(faces: FaceSet, run: Run) -> None:
    by_file = teachers.load(str(run.model_file), faces.classes, CPU).ask(grays(faces))
    by_torch = teachers.load(str(run.folder), faces.classes, CPU).ask(grays(faces))
    torch.testing.assert_close(by_torch, by_file, atol=5e-3, rtol=0)  # the file's weights are stored in half precision
    torch.testing.assert_close(
        by_file, torch.from_numpy(Classifier.load(run.model_file).probabilities(faces.images[:6]))
    )


def test_a_model_file_answers_in_torch_as_in_onnxruntime(faces: FaceSet) -> None:
    by_file = teachers.load("tiny", faces.classes, CPU).ask(grays(faces))
    torch.testing.assert_close(teachers.from_weights("tiny", CPU, "fp32")(grays(faces)), by_file, atol=1e-4, rtol=0)
    smaller = F.interpolate(grays(faces), (32, 32), mode="bilinear", antialias=True)
    in_torch = teachers.from_weights("tiny", CPU, "fp32")(smaller)  # resized to the size of the model
    torch.testing.assert_close(in_torch, teachers.load("tiny", faces.classes, CPU).ask(smaller), atol=0.05, rtol=0)


def test_a_model_file_that_computes_more_than_its_network_is_left_to_onnxruntime(
    faces: FaceSet, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "flipped.onnx"
    model = onnx.load_model(run.model_file)
    graph = model.graph
    name = graph.output[0].name
    for node in graph.node:
        node.output[:] = [f"{one}_plain" if one == name else one for one in node.output]
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([6, 5, 4, 3, 2, 1, 0]), "turned"))
    graph.node.append(onnx.helper.make_node("Gather", [f"{name}_plain", "turned"], [name], axis=1))
    onnx.save_model(model, path)
    with pytest.raises(ModelFileError, match="computes more than its network"):
        teachers.from_weights(str(path), CPU, "fp32")
    assert teachers.from_weights(str(run.model_file), CPU, "fp32")(grays(faces)).shape == (6, 7)


def test_several_teachers_give_their_mean(faces: FaceSet) -> None:
    low, high = (lambda x: torch.full((len(x), 7), 0.1), lambda x: torch.full((len(x), 7), 0.3))
    torch.testing.assert_close(Teacher([low, high], CPU).ask(grays(faces)), torch.full((6, 7), 0.2))


def test_a_cycle_of_views_asks_once_for_each_and_repeats_the_answers(faces: FaceSet) -> None:
    asked = []

    def member(x: torch.Tensor) -> torch.Tensor:
        asked.append(len(x))
        return x.mean(dim=(1, 2, 3)).view(-1, 1).expand(-1, 7) / 1024

    teacher = Teacher([member], CPU, num_views=2)
    assert [teacher.view(epoch) for epoch in (1, 2, 3, 4)] == [0, 1, 0, 1]
    first = teacher.recall(0, 5, grays(faces))
    torch.testing.assert_close(teacher.recall(0, 5, grays(faces)), first)
    assert len(asked) == 1
    teacher.recall(1, 5, grays(faces))
    assert len(asked) == 2


def test_without_a_cycle_every_step_is_asked(faces: FaceSet) -> None:
    asked = []

    def member(x: torch.Tensor) -> torch.Tensor:
        asked.append(len(x))
        return torch.zeros(len(x), 7)

    teacher = Teacher([member], CPU)
    teacher.recall(0, 0, grays(faces))
    teacher.recall(0, 0, grays(faces))
    assert len(asked) == 2


def test_a_teacher_of_other_classes_is_refused(faces: FaceSet, run: Run) -> None:
    for name in (run.model_file, run.folder):
        with pytest.raises(ModelFileError, match="same classes"):
            teachers.load(str(name), faces.classes[:2], CPU)


def test_digests_follow_files_and_a_run_without_weights_is_refused(run: Run, tmp_path: Path) -> None:
    both = teachers.digest(f"{run.model_file}, {run.folder}").split(",")
    assert len(set(both)) == 2
    assert both[0] == teachers.digest(str(run.model_file))
    shutil.copy(run.folder / "run.json", tmp_path / "run.json")
    with pytest.raises(RunError):
        teachers.digest(str(tmp_path))


@pytest.mark.parametrize("sees", ["view", "corrupted"])
def test_a_cycle_teaches_as_asking_anew_does(sees: str, faces_file: Path, run: Run, tmp_path: Path) -> None:
    """Two epochs over one view, killed in between or not: the second epoch sees the crops of the first."""
    settings = [
        "epochs=2", "image_size=16", f"teacher={run.model_file}", "distillation_weight=0.7", f"teacher_sees={sees}",
        "teacher_views=1", "augment.corruption=0.5", "augment.shot=20",
    ]  # fmt: skip
    recipe = recipes.get("demo", settings)
    whole = job.start(faces_file, recipe, tmp_path / "whole")

    class Stop(Progress):
        def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.start(faces_file, recipe, tmp_path / "killed", progress=Stop())
    again = job.resume(tmp_path / "killed")
    losses = [[row.train_loss for row in one.history] for one in (whole, again)]
    assert losses[0][1] < losses[0][0]
    assert losses[1] == losses[0]  # the outputs of the cycle were read again


def test_outputs_that_do_not_fit_are_asked_for_again(faces: FaceSet, run: Run, tmp_path: Path) -> None:
    settings = [f"teacher={run.model_file}", "distillation_weight=0.7", "teacher_sees=view", "teacher_views=1"]
    recipe, stored, given = recipes.get("demo", settings), tmp_path / "answers.safetensors", grays(faces)
    teacher = teachers.of_recipe(recipe, faces, CPU, "fp32", stored)
    assert teacher is not None
    teacher.recall(0, 0, given)
    teacher.store(stored, 1)
    read = teachers.of_recipe(recipe, faces, CPU, "fp32", stored)
    assert read is not None
    assert read.members == []
    other = recipes.changed(recipe, ["seed=1"])
    for changed in (other, recipe):
        again = teachers.of_recipe(changed, faces, CPU, "fp32", stored)
        assert again is not None
        assert len(again.members) == 1
        torch.testing.assert_close(again.recall(0, 0, given), teacher.recall(0, 0, given))
        stored.write_bytes(b"damaged")


def test_the_answers_of_one_run_teach_another_as_the_teacher_would(faces_file: Path, run: Run, tmp_path: Path) -> None:
    settings = [
        "epochs=2",
        "image_size=16",
        "distillation_weight=0.7",
        "teacher_sees=view",
        "teacher_views=1",
        "augment.erase=0.5",
    ]
    asked = job.start(
        faces_file,
        recipes.get("demo", [*settings, f"teacher={run.model_file}"]),
        tmp_path / "asked",
        hardware=Hardware(precision="fp32"),
    )
    told = recipes.get("demo", [*settings, f"teacher={asked.answers}"])
    again = job.start(faces_file, told, tmp_path / "told", hardware=Hardware(precision="fp32"))
    np.testing.assert_allclose(again.history[1].train_loss, asked.history[1].train_loss, rtol=1e-6)
    assert not again.answers.exists()  # they are in the first run's folder already
    with pytest.raises(
        ModelFileError, match=r"views of this training: seed, augment differ.* with the settings .*: seed=0\."
    ):
        job.start(
            faces_file,
            recipes.changed(told, ["seed=1", "augment.rotation=1"]),
            tmp_path / "other",
            hardware=Hardware(precision="fp32"),
        )
    for name, text in (("best.safetensors", "has no teacher outputs"), ("none.safetensors", "There is no file")):
        with pytest.raises(ModelFileError, match=text):
            job.start(faces_file, recipes.changed(told, [f"teacher={run.folder / name}"]), tmp_path / name)


def test_settings_without_a_teacher_are_refused() -> None:
    with pytest.raises(RecipeError, match="teacher_sees=view"):
        recipes.get("demo", ["teacher_sees=view"])
    with pytest.raises(RecipeError, match="teacher_views=4"):
        recipes.get("demo", ["teacher=tiny", "distillation_weight=0.5", "teacher_views=4"])
