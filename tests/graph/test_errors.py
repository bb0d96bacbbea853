"""Faults of this server are masked: a client gets an id, and the log has the rest beside it."""

from graphql import GraphQLError
from structlog.testing import capture_logs

from graph.errors import presented


def test_a_fault_is_told_by_an_id_that_stands_in_the_log() -> None:
    with capture_logs() as logged:
        shown = [presented(GraphQLError(each, original_error=KeyError(each))) for each in ("secret-1", "secret-2")]
    ids = [(error.extensions or {})["faultId"] for error in shown]
    assert [entry["fault_id"] for entry in logged] == ids
    assert [repr(entry["exc_info"]) for entry in logged] == ["KeyError('secret-1')", "KeyError('secret-2')"]
    assert len(set(ids)) == 2
    for error, fault_id in zip(shown, ids, strict=True):
        assert error.extensions == {"code": "INTERNAL", "faultId": fault_id}
        assert fault_id in error.message
        assert "secret" not in error.message
