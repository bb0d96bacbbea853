import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resolvers.reference import ItemIds, Reference, is_plain, item_reference_of, reference_of

provider_ids = st.text(min_size=1).filter(lambda text: "/" not in text)
references = st.builds(Reference, provider_ids, st.text(min_size=1))


@given(references)
def test_reference_survives_the_way_through_its_id(reference: Reference) -> None:
    assert reference_of(reference.id) == reference


@given(references, st.text(min_size=1))
def test_item_survives_the_way_through_its_id(reference: Reference, key: str) -> None:
    assert item_reference_of(ItemIds(reference.id).of(key)) == (reference, key)


@given(references, references)
def test_different_references_have_different_ids(one: Reference, other: Reference) -> None:
    assert (one.id == other.id) == (one == other)


@given(references, st.text(min_size=1))
def test_ids_can_stand_in_an_address(reference: Reference, key: str) -> None:
    for made in (reference.id, ItemIds(reference.id).of(key)):
        assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@given(st.text() | st.text().map(lambda text: f"pc1.{text}") | st.text().map(lambda text: f"pi1.{text}"))
def test_what_this_api_never_made_is_refused(text: str) -> None:
    reference, item = reference_of(text), item_reference_of(text)
    assert reference is None or reference.id == text
    assert item is None or ItemIds(item[0].id).of(item[1]) == text


@given(references, st.integers(0, 200), st.characters())
def test_a_garbled_id_is_refused_or_names_another(reference: Reference, place: int, sign: str) -> None:
    garbled = reference.id[:place] + sign + reference.id[place + 1 :]
    assume(garbled != reference.id)
    assert reference_of(garbled) != reference


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "pc1.",
        "pc2.b21zL3RfMQ",
        "b21zL3RfMQ",
        "pc1.b21zL3RfMQ==",
        "pc1.b21zL3RfMR",
        "pc1.b21z",
        "pc1.L3RfMQ",
        "pc1.b21zLw",
    ],
)
def test_foreign_ids_are_refused(foreign: str) -> None:
    assert reference_of(foreign) is None


def test_ids_of_prechecks_and_items_are_not_taken_for_each_other() -> None:
    reference = Reference("oms", "t_1")
    assert reference.id == "pc1.b21zL3RfMQ"
    assert item_reference_of(reference.id) is None
    assert reference_of(ItemIds(reference.id).of("SOURCE:X")) is None


@pytest.mark.parametrize("text", ["", " ", "a b", "a\n", "\x00", "é", "x" * 201])
def test_identifiers_no_vendor_gives_are_not_plain(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize("text", ["t_1", "a/b", "x" * 200, "~!"])
def test_identifiers_a_vendor_may_give_are_plain(text: str) -> None:
    assert is_plain(text)
