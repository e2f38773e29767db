"""One suite, every adapter: each with a driver that plays its far side over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.telephony_adapters.conformance import AdapterContract
from tests.telephony_adapters.cti.driver import CtiDriver
from tests.telephony_adapters.driver import Driver
from tests.telephony_adapters.simulated.driver import SimulatedDriver
from tests.telephony_adapters.sip.driver import SipDriver
from tests.telephony_adapters.web.driver import WebDriver

DRIVERS: dict[str, Callable[[], Driver]] = {
    "cti-socket": lambda: CtiDriver(by_webhook=False),
    "cti-webhook": lambda: CtiDriver(by_webhook=True),
    "simulated": SimulatedDriver,
    "sip": SipDriver,
    "web": WebDriver,
}


@pytest.fixture(params=sorted(DRIVERS))
async def far(request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    """The far side of one adapter, open; at the end the records are audited."""
    driver = DRIVERS[request.param]()
    try:
        await driver.open()
        yield driver
        driver.zone.audit()
    finally:
        await driver.close()
        driver.zone.close()


class TestConformance(AdapterContract):
    """The suite, for each adapter."""
