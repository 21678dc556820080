import pytest

from autoconfig.names import means_code, means_id, means_moment


@pytest.mark.parametrize("name", ["id", "customer_id", "userId", "ID", "Unnamed: 0", "", "row key"])
def test_ids(name):
    assert means_id(name)


@pytest.mark.parametrize("name", ["width", "idea", "paid", "liquid", "size"])
def test_no_ids(name):
    assert not means_id(name)
    assert not means_code(name)


def test_codes_and_moments():
    assert means_code("zip code")
    assert means_code("pickup_community_area")
    assert means_moment("trip_start_timestamp")
    assert means_moment("createdAt")
    assert not means_moment("latitude")
