"""Requests made from the server's own OpenAPI document, right and wrong ones: none of them may break it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

import servers

# A string of bytes fits the document and yet is no picture, so `positive_data_acceptance` can't be asked for.
EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.name.lower())
def test_every_answer_is_as_the_document_says(mode: GenerationMode) -> None:
    with servers.running(timeout=5.0, max_videos=10_000) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        assert len(operations) == 11
        if mode is GenerationMode.NEGATIVE:  # the others have nothing that could be wrong
            operations = [operation for operation in operations if operation.method == "post"]
        for operation in operations:

            @EXAMPLES
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case[Any]) -> None:
                case.call_and_validate(excluded_checks=[positive_data_acceptance])

            check()
