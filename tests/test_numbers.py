"""The same customer, however the number was written."""

from __future__ import annotations

import pytest

from acd.numbers import COUNTRIES, Numbers

CHINA = "tel:+8613800138000"


@pytest.mark.parametrize(
    "written",
    ["13800138000", "138-0013-8000", "+86 138 0013 8000", "008613800138000", "１３８００１３８０００"],
)
def test_one_customer_with_and_without_the_country_code(written: str) -> None:
    assert CHINA in Numbers("CN").identities(written)


def test_the_number_that_came_is_first_so_that_it_can_be_dialled_again() -> None:
    assert Numbers("CN").identities("13800138000") == ("tel:13800138000", CHINA)
    assert Numbers("US").identities("(415) 555-2671") == ("tel:4155552671", "tel:+14155552671")


@pytest.mark.parametrize("inside", ["1001", "4001", "10086", "123456789012345678901234567890123"])
def test_what_is_no_number_of_the_country_stays_as_it_came(inside: str) -> None:
    assert Numbers("CN").identities(inside) == (f"tel:{inside}",)


def test_no_country_is_guessed_where_none_is_set() -> None:
    assert Numbers().identities("13800138000") == ("tel:13800138000",)
    assert Numbers().identities("+8613800138000") == (CHINA,)


@pytest.mark.parametrize("written", ["", "anonymous", "   ", "+"])
def test_no_number_has_no_identity(written: str) -> None:
    assert Numbers("CN").identities(written) == ()


def test_the_countries_of_the_first_customers_are_known() -> None:
    assert {"CN", "US", "GB", "AU", "IN", "SG"} <= COUNTRIES
